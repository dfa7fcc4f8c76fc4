#include "lineas/tensor/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <tuple>
#include <utility>

#include "lineas/base/error.h"
#include "lineas/base/names.h"
#include "lineas/base/printable.h"
#include "lineas/tensor/torch_file.h"
#include "lineas/tensor/weight_choice.h"
#include "lineas/tensor/weight_index.h"

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

Checkpoint::Checkpoint(const std::string& folder, const WeightNames& names)
    : where_(folder) {
  if (!is_directory(folder))
    fail(ErrorKind::not_found,
         "{}: no such folder. A model is a Hugging Face folder with "
         "config.json and *.safetensors.",
         folder);
  const std::string path = find_weights(folder, names);
  if (path.empty())
    fail(ErrorKind::not_found,
         "{}: neither {}.safetensors nor {}.bin is here, nor the .index.json "
         "of one{}",
         folder,
         names.safetensors,
         names.pickle,
         other_weights(folder, names));
  open(path);
}

Checkpoint Checkpoint::of_file(const std::string& path) {
  Checkpoint checkpoint;
  checkpoint.where_ = path;
  checkpoint.open(path);
  return checkpoint;
}

void Checkpoint::open(const std::string& path) {
  folder_ = std::filesystem::path(path).parent_path().string();
  if (folder_.empty()) folder_ = ".";
  if (path.ends_with(".json"))
    open_sharded(path);
  else
    add_file(path);
}

// As transformers: what a later file holds replaces what an earlier one held.
// The replaced places are returned.
std::vector<std::pair<std::string, Checkpoint::Place>> Checkpoint::add_file(
    const std::string& path) {
  files_.push_back(open_weights(path));
  const auto& entries = files_.back()->entries();
  if (entries.empty() && !path.ends_with(kSafetensors))
    fail(ErrorKind::format, "{}: holds no dict of tensors", path);
  std::vector<std::pair<std::string, Place>> replaced;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Place here{files_.size() - 1, i};
    const auto [at, is_new] = places_.emplace(entries[i].name, here);
    if (!is_new)
      replaced.emplace_back(at->first, std::exchange(at->second, here));
  }
  return replaced;
}

// Several shards may hold one name: an edited copy beside the old file. Which
// one counts must not be a matter of opinion: the index and the order of the
// files (transformers) have to agree, or the tensors to be the same.
void Checkpoint::check_replaced(const std::string& name,
                                const Place& old,
                                const WeightIndex& index) const {
  const Place& now = places_.at(name);
  const auto listed = index.file_of.find(name);
  if (listed != index.file_of.end() &&
      folder_ + "/" + listed->second == files_[now.file]->path())
    return;
  const Tensor a = files_[old.file]->view(entry(old));
  const Tensor b = files_[now.file]->view(entry(now));
  if (a.scalar_type() == b.scalar_type() && at::equal(a, b)) return;
  fail(ErrorKind::format,
       "{}: tensor \"{}\" is in {} and differs in {}, which transformers takes "
       "and the index does not name. Remove the wrong one.",
       index.path,
       name,
       files_[old.file]->path(),
       files_[now.file]->path());
}

void Checkpoint::open_sharded(const std::string& index_path) {
  const WeightIndex index = read_weight_index(index_path);
  std::vector<std::pair<std::string, Place>> replaced;
  for (const std::string& shard : index.files) {
    const std::string path = folder_ + "/" + shard;
    if (!file_exists(path))
      fail(ErrorKind::not_found,
           "{}: shard {} is missing from the folder. Download it again.",
           index_path,
           shard);
    const auto more = add_file(path);
    replaced.insert(replaced.end(), more.begin(), more.end());
  }
  for (const auto& [name, old] : replaced) check_replaced(name, old, index);
  for (const auto& [name, shard] : index.file_of)
    if (!contains(name))
      absent_[name] =
          fmt::format("{} says that it is in {}", index_path, shard);
}

bool Checkpoint::contains(const std::string& name) const {
  return places_.contains(name);
}

const Checkpoint::Place& Checkpoint::place(const std::string& name) const {
  const auto found = places_.find(name);
  if (found == places_.end())
    fail(ErrorKind::not_found,
         "{}: no tensor \"{}\"{}. {}",
         where_,
         name,
         absent_.contains(name) ? ", though " + absent_.at(name) : "",
         nearest_names(name, names()));
  return found->second;
}

const TensorEntry& Checkpoint::entry(const Place& place) const {
  return files_[place.file]->entries()[place.entry];
}

std::vector<int64_t> Checkpoint::shape(const std::string& name) const {
  return entry(place(name)).shape;
}

DType Checkpoint::stored_dtype(const std::string& name) const {
  return entry(place(name)).dtype;
}

at::ScalarType Checkpoint::dtype() const {
  for (const auto& file : files_)
    for (const TensorEntry& entry : file->entries())
      if (at::isFloatingType(to_scalar_type(entry.dtype)))
        return to_scalar_type(entry.dtype);
  fail(ErrorKind::format, "{}: the checkpoint has no floating tensor", where_);
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
  uint64_t hash = 0;
  for (const auto& [name, at] : places_) {
    const TensorEntry& tensor = entry(at);
    const Tensor stored = files_[at.file]->view(tensor).contiguous();
    hash = mix_fingerprint(
        hash, name, tensor.shape, name_of(tensor.dtype), bytes_of(stored));
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
