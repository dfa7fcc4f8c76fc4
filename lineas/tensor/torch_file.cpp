// Where the bytes of a torch.save file lie: in an archive by its table of
// contents (zip_directory.h), in the old form one storage behind the other.
#include "lineas/tensor/torch_file.h"

#include <ATen/EmptyTensor.h>
#include <c10/util/accumulate.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "lineas/base/error.h"
#include "lineas/base/numbers.h"
#include "lineas/base/printable.h"
#include "lineas/tensor/zip_directory.h"

namespace lineas {
namespace {

constexpr std::string_view kZipMagic = "PK\x03\x04";
// The pickled number 0x1950a86a20f9469cfc6c without its protocol.
constexpr std::string_view kOldMagic(
    "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 13);
constexpr size_t kProtocolBytes = 2;
constexpr size_t kFrameBytes = 9;
constexpr int64_t kOldVersion = 1001;

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()),
          file.bytes().size()};
}

uint64_t little_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// The records of an archive. All lie in one folder, whatever its name.
class Archive {
 public:
  explicit Archive(const MappedFile& file)
      : path_(file.path()),
        entries_(read_zip_directory(text_of(file), path_)),
        folder_(find_folder()) {}

  std::optional<std::string_view> find(std::string_view name) const {
    const auto found = entries_.find(fmt::format("{}/{}", folder_, name));
    return found == entries_.end() ? std::nullopt
                                   : std::optional(found->second);
  }
  std::string_view record(std::string_view name) const {
    const auto found = find(name);
    if (!found)
      fail(ErrorKind::format,
           "{}: record \"{}\" is missing",
           path_,
           printable(name));
    return *found;
  }

 private:
  // That of the one data.pkl.
  std::string_view find_folder() const {
    std::vector<std::string_view> folders;
    for (const auto& [name, bytes] : entries_)
      if (const size_t slash = name.find('/');
          slash != name.npos && name.substr(slash) == "/data.pkl")
        folders.push_back(name.substr(0, slash));
    if (folders.size() != 1)
      fail(ErrorKind::format,
           "{}: is not an archive of torch.save: it has {} of <name>/data.pkl",
           path_,
           folders.empty() ? "none" : "several");
    return folders[0];
  }

  std::string path_;
  ZipDirectory entries_;
  std::string_view folder_;
};

// Source: caffe2/serialize/versions.h.
void check_version(const Archive& archive, const std::string& path) {
  constexpr uint64_t kNewest = 10;
  const std::string_view text = archive.find("version")
                                    ? archive.record("version")
                                    : archive.record(".data/version");
  const auto version = parse_number<uint64_t>(
      text.substr(0, text.find_last_not_of(" \r\n") + 1));
  if (!version || *version < 1 || *version > kNewest)
    fail(ErrorKind::format,
         "{}: is not an archive of torch.save: its version is \"{}\", 1 to {} "
         "are known",
         path,
         printable(text),
         kNewest);
}

// Where the first pickle of the old form ends, or 0 for another file. Protocol
// 4 begins with the length of a frame.
size_t end_of_magic(std::string_view file) {
  size_t at = kProtocolBytes;
  if (file.size() < at || file[0] != '\x80') return 0;
  if (file.substr(at).starts_with('\x95')) at += kFrameBytes;
  return at < file.size() && file.substr(at).starts_with(kOldMagic)
             ? at + kOldMagic.size()
             : 0;
}

}  // namespace

TorchFile::TorchFile(const std::string& path)
    : file_(std::make_shared<MappedFile>(path)) {
  const std::string_view file = text_of(*file_);
  if (file.starts_with(kZipMagic))
    read_zip();
  else if (const size_t begin = end_of_magic(file))
    read_old_form(begin);
  else
    fail(ErrorKind::format,
         "{}: is not a file of torch.save: it begins with neither a zip "
         "archive nor the magic number of torch before 1.6. Is the download "
         "complete (a Git LFS pointer is a short text)?",
         path);
  check_storages();
  list_entries();
}

// A storage may be named several times; each must be as long as its bytes.
void TorchFile::check_storages() const {
  for (const PickleValue& value : pickle_.values) {
    if (!value.storage) continue;
    const PickleStorage& storage = *value.storage;
    const auto found = storages_.find(storage.key);
    if (found == storages_.end())
      fail(ErrorKind::format,
           "{}: storage \"{}\" is missing",
           path(),
           printable(storage.key));
    const size_t size = size_of(storage.dtype);
    const auto elements = static_cast<uint64_t>(storage.elements);
    if (found->second.size % size != 0 || found->second.size / size != elements)
      fail(ErrorKind::format,
           "{}: storage \"{}\" has {} bytes, which are not {} elements of {}",
           path(),
           printable(storage.key),
           found->second.size,
           elements,
           name_of(storage.dtype));
  }
}

void TorchFile::read_zip() {
  const Archive zip(*file_);
  check_version(zip, path());
  if (const auto order = zip.find("byteorder"); order && *order != "little")
    fail(ErrorKind::unsupported,
         "{}: its byte order is \"{}\", only little is read",
         path(),
         printable(*order));
  const std::string_view data = zip.record("data.pkl");
  pickle_ = read_pickle(std::as_bytes(std::span(data)), path());
  const char* start = text_of(*file_).data();
  for (const PickleValue& value : pickle_.values) {
    if (!value.storage) continue;
    const std::string_view bytes = zip.record("data/" + value.storage->key);
    storages_[value.storage->key] = {
        static_cast<uint64_t>(bytes.data() - start), bytes.size()};
  }
}

// Magic number, version, facts about the machine, what was saved, the keys of
// its storages; then every storage: its number of elements and its bytes.
// Source: torch/serialization.py, _legacy_load.
void TorchFile::read_old_form(uint64_t at) {
  const std::span<const std::byte> bytes = file_->bytes();
  const auto next = [&] {
    Pickle pickle = read_pickle(bytes.subspan(at), path());
    at += pickle.size;
    return pickle;
  };
  if (next().root->integer != kOldVersion)
    fail(ErrorKind::format,
         "{}: its protocol version is not {}",
         path(),
         kOldVersion);
  const Pickle machine = next();
  const PickleValue* is_little = machine.root->find("little_endian");
  if (is_little == nullptr || is_little->integer != 1)
    fail(ErrorKind::unsupported,
         "{}: its byte order is not little, which alone is read",
         path());
  pickle_ = next();
  std::map<std::string, size_t> element_sizes;
  for (const PickleValue& value : pickle_.values)
    if (value.storage)
      element_sizes[value.storage->key] = size_of(value.storage->dtype);
  const Pickle keys = next();
  for (const PickleValue* key : keys.root->items) {
    const uint64_t left = bytes.size() - at;
    const uint64_t elements =
        left < 8 ? 0 : little_endian(text_of(*file_).substr(at, 8));
    const auto size = element_sizes.find(key->text);
    if (left < 8 || size == element_sizes.end() ||
        elements > (left - 8) / size->second)
      fail(ErrorKind::format,
           "{}: storage \"{}\" is not at byte {}. Is the download complete?",
           path(),
           printable(key->text),
           at);
    storages_[key->text] = {at + 8, elements * size->second};
    at += 8 + elements * size->second;
  }
}

void TorchFile::list_entries() {
  const PickleValue* dict = &root();
  const PickleValue* inner = dict->find("state_dict");
  if (inner != nullptr && inner->kind == PickleKind::dict) dict = inner;
  if (dict->kind != PickleKind::dict) return;
  for (size_t i = 0; i < dict->items.size(); i += 2) {
    const PickleValue &key = *dict->items[i], &value = *dict->items[i + 1];
    if (key.kind != PickleKind::text || !value.tensor) continue;
    const PickleTensor& tensor = *value.tensor;
    if (!by_name_.emplace(key.text, &tensor).second)
      fail(ErrorKind::format,
           "{}: tensor \"{}\" is there twice",
           path(),
           printable(key.text));
    const DType dtype = tensor.storage.dtype;
    const Bytes& bytes = storages_.at(tensor.storage.key);
    const int64_t elements = c10::multiply_integers(tensor.shape);
    const uint64_t begin =
        bytes.begin + static_cast<uint64_t>(tensor.offset) * size_of(dtype);
    entries_.push_back(
        {key.text,
         dtype,
         tensor.shape,
         begin,
         begin + static_cast<uint64_t>(elements) * size_of(dtype)});
  }
}

Tensor TorchFile::view(const PickleTensor& tensor) const {
  const DType dtype = tensor.storage.dtype;
  const at::TensorOptions options(to_scalar_type(dtype));
  const Bytes& bytes = storages_.at(tensor.storage.key);
  const uint64_t begin =
      bytes.begin + static_cast<uint64_t>(tensor.offset) * size_of(dtype);
  auto* data = const_cast<std::byte*>(file_->bytes().data() + begin);
  if (reinterpret_cast<uintptr_t>(data) % size_of(dtype) == 0)
    return at::from_blob(
        data, tensor.shape, tensor.strides, [keep = file_](void*) {}, options);
  // Copied as bytes: from the first element to the last one.
  const size_t size = at::detail::computeStorageNbytes(
      tensor.shape, tensor.strides, size_of(dtype));
  const Tensor raw = at::empty({static_cast<int64_t>(size)}, at::kByte);
  std::memcpy(raw.data_ptr(), data, size);
  return raw.view(to_scalar_type(dtype))
      .as_strided(tensor.shape, tensor.strides);
}

Tensor TorchFile::view(const TensorEntry& entry) const {
  return view(*by_name_.at(entry.name));
}

void TorchFile::release(const TensorEntry& entry,
                        uint64_t begin,
                        uint64_t end) const {
  file_->release(entry.begin + begin, std::min(entry.end, entry.begin + end));
}

}  // namespace lineas
