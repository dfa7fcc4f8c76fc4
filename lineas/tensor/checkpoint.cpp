#include "lineas/tensor/checkpoint.h"

#include <algorithm>
#include <ostream>
#include <tuple>

#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/base/names.h"
#include "lineas/base/seed.h"
#include "lineas/tensor/torch_file.h"

namespace lineas {
namespace {

constexpr std::string_view kSafetensors = ".safetensors";

std::shared_ptr<const WeightFile> open_weights(const std::string& path) {
  if (path.ends_with(kSafetensors))
    return std::make_shared<SafetensorsFile>(path);
  return std::make_shared<TorchFile>(path);
}

// Lets go of every piece that is copied, so that a tensor never lies in memory
// whole beside its copy.
Tensor copy_in_pieces(const WeightFile& file,
                      const TensorEntry& entry,
                      at::ScalarType dtype,
                      at::Device device) {
  constexpr uint64_t kPieceBytes = 4 << 20;
  const Tensor stored = file.view(entry);
  if (stored.dim() == 0 || stored.numel() == 0) return stored.to(device, dtype);
  Tensor copy = at::empty(stored.sizes(), at::device(device).dtype(dtype));
  const int64_t rows = stored.size(0);
  const uint64_t row_bytes = (entry.end - entry.begin) / rows;
  const auto step = static_cast<int64_t>(
      kPieceBytes / std::min(std::max<uint64_t>(row_bytes, 1), kPieceBytes));
  for (int64_t row = 0; row < rows; row += step) {
    const int64_t count = std::min(step, rows - row);
    copy.narrow(0, row, count).copy_(stored.narrow(0, row, count));
    file.release(entry, row * row_bytes, (row + count) * row_bytes);
  }
  return copy;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path)
    : file_(std::make_shared<MappedFile>(path)),
      table_(parse_safetensors(file_->bytes(), path)) {}

std::string SafetensorsFile::metadata(const std::string& key) const {
  const auto found = table_.metadata.find(key);
  return found == table_.metadata.end() ? "" : found->second;
}

Tensor SafetensorsFile::view(const TensorEntry& entry) const {
  // ATen has no read-only tensors; nothing in this project writes to a weight.
  void* data = const_cast<std::byte*>(file_->bytes().data() + entry.begin);
  auto keep_mapped = [file = file_](void*) {};
  return at::from_blob(data,
                       entry.shape,
                       keep_mapped,
                       at::TensorOptions(to_scalar_type(entry.dtype)));
}

Tensor SafetensorsFile::view(const std::string& name) const {
  for (const TensorEntry& entry : entries())
    if (entry.name == name) return view(entry);
  std::vector<std::string> names;
  for (const TensorEntry& entry : entries()) names.push_back(entry.name);
  fail(ErrorKind::not_found,
       "{}: no tensor \"{}\". {}",
       path(),
       name,
       nearest_names(name, names));
}

void SafetensorsFile::release(const TensorEntry& entry,
                              uint64_t begin,
                              uint64_t end) const {
  file_->release(entry.begin + begin, std::min(entry.end, entry.begin + end));
}

Checkpoint::Checkpoint(const std::string& folder) : folder_(folder) {
  if (!is_directory(folder))
    fail(ErrorKind::not_found,
         "{}: no such folder. A model is a Hugging Face folder with "
         "config.json and *.safetensors.",
         folder);
  for (const char* name : {"model.safetensors", "pytorch_model.bin"}) {
    const std::string single = folder + "/" + name;
    const std::string index = single + ".index.json";
    if (file_exists(single)) {
      add_file(single);
      return;
    }
    if (file_exists(index)) {
      open_sharded(index);
      return;
    }
  }
  fail(ErrorKind::not_found,
       "{}: neither model.safetensors nor pytorch_model.bin is here, nor the "
       ".index.json of one",
       folder);
}

void Checkpoint::add_file(const std::string& path) {
  files_.push_back(open_weights(path));
  const auto& entries = files_.back()->entries();
  if (entries.empty() && !path.ends_with(kSafetensors))
    fail(ErrorKind::format, "{}: holds no dict of tensors", path);
  for (size_t i = 0; i < entries.size(); ++i) {
    const Place here{files_.size() - 1, i};
    const auto [at, is_new] = places_.emplace(entries[i].name, here);
    if (!is_new)
      fail(ErrorKind::format,
           "{}: tensor \"{}\" is also in {}. Which of the two is meant? Remove "
           "one of the files.",
           path,
           entries[i].name,
           files_[at->second.file]->path());
  }
}

void Checkpoint::open_sharded(const std::string& index_path) {
  const Json index = read_json(index_path);
  const Json map = require<Json>(index, "weight_map", index_path);
  if (!map.is_object() || map.empty())
    fail(ErrorKind::format,
         "{}: \"weight_map\" must be a filled object",
         index_path);
  std::set<std::string> shards;
  for (const auto& [name, shard] : map.items()) {
    if (!shard.is_string() ||
        shard.get<std::string>().find('/') != std::string::npos)
      fail(ErrorKind::format,
           "{}: the shard of tensor \"{}\" must be a file name",
           index_path,
           name);
    shards.insert(shard.get<std::string>());
  }
  for (const std::string& shard : shards) {
    const std::string path = folder_ + "/" + shard;
    if (!file_exists(path))
      fail(ErrorKind::not_found,
           "{}: shard {} is missing from the folder. Download it again.",
           index_path,
           shard);
    add_file(path);
  }
  for (const auto& [name, shard] : map.items())
    if (!contains(name))
      fail(ErrorKind::format,
           "{}: tensor \"{}\" should be in {} but is not",
           index_path,
           name,
           shard.get<std::string>());
}

bool Checkpoint::contains(const std::string& name) const {
  return places_.contains(name);
}

const Checkpoint::Place& Checkpoint::place(const std::string& name) const {
  const auto found = places_.find(name);
  if (found == places_.end())
    fail(ErrorKind::not_found,
         "{}: no tensor \"{}\". {}",
         folder_,
         name,
         nearest_names(name, names()));
  return found->second;
}

const TensorEntry& Checkpoint::entry(const Place& place) const {
  return files_[place.file]->entries()[place.entry];
}

std::vector<int64_t> Checkpoint::shape(const std::string& name) const {
  return entry(place(name)).shape;
}

at::ScalarType Checkpoint::dtype() const {
  for (const auto& file : files_)
    for (const TensorEntry& entry : file->entries())
      if (at::isFloatingType(to_scalar_type(entry.dtype)))
        return to_scalar_type(entry.dtype);
  fail(ErrorKind::format, "{}: the checkpoint has no floating tensor", folder_);
}

Tensor Checkpoint::load(const std::string& name,
                        at::ScalarType dtype,
                        at::Device device) const {
  const Place& at = place(name);
  const Tensor mapped = files_[at.file]->view(entry(at));
  if (!at::isFloatingType(mapped.scalar_type()))
    fail(ErrorKind::format,
         "{}: tensor \"{}\" has dtype {}, a weight must be F32, F16 or BF16",
         files_[at.file]->path(),
         name,
         name_of(entry(at).dtype));
  const bool is_as_asked =
      mapped.scalar_type() == dtype && mapped.device() == device;
  return is_as_asked
             ? mapped
             : copy_in_pieces(*files_[at.file], entry(at), dtype, device);
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> names;
  for (const auto& [name, at] : places_) names.push_back(name);
  return names;
}

int64_t Checkpoint::bytes() const {
  std::set<std::tuple<size_t, uint64_t, uint64_t>> stretches;
  for (const auto& [name, at] : places_)
    stretches.emplace(at.file, entry(at).begin, entry(at).end);
  int64_t sum = 0;
  for (const auto& [file, begin, end] : stretches)
    sum += static_cast<int64_t>(end - begin);
  return sum;
}

std::string Checkpoint::fingerprint() const {
  constexpr size_t kSample = 64;
  uint64_t hash = 0;
  for (const auto& [name, at] : places_) {
    const TensorEntry& tensor = entry(at);
    const Tensor stored = files_[at.file]->view(tensor).contiguous();
    const std::string_view bytes = bytes_of(stored);
    const size_t middle = bytes.size() / 2;
    hash = derive_seed(hash,
                       {stable_hash(name),
                        stable_hash(to_string(tensor.shape)),
                        stable_hash(name_of(tensor.dtype)),
                        stable_hash(bytes.substr(0, kSample)),
                        stable_hash(bytes.substr(middle, kSample)),
                        stable_hash(bytes.substr(
                            bytes.size() - std::min(bytes.size(), kSample)))});
    files_[at.file]->release(tensor, 0, tensor.end - tensor.begin);
  }
  return fmt::format("{:016x}", hash);
}

void write_safetensors(
    const std::string& path,
    const std::vector<std::pair<std::string, Tensor>>& tensors,
    const std::map<std::string, std::string>& metadata) {
  std::vector<TensorEntry> entries;
  for (const auto& [name, tensor] : tensors)
    entries.push_back(
        {name, to_dtype(tensor.scalar_type()), tensor.sizes().vec()});
  const std::string header = safetensors_header(entries, metadata);
  write_file(path, [&](std::ostream& out) {
    out << header;
    for (const auto& [name, tensor] : tensors)
      out << bytes_of(tensor.detach().to(at::kCPU).contiguous());
  });
}

}  // namespace lineas
