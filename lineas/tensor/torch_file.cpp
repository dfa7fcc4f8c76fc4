// Where the bytes of a torch.save file lie. The zip table is read by LibTorch's
// own PyTorchStreamReader; every offset it gives is held against the file.
#include "lineas/tensor/torch_file.h"

#include <c10/util/Exception.h>
#include <c10/util/accumulate.h>
#include <caffe2/serialize/inline_container.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "lineas/base/error.h"

namespace lineas {
namespace {

using caffe2::serialize::PyTorchStreamReader;

constexpr std::string_view kZipMagic = "PK\x03\x04";
// The pickled number 0x1950a86a20f9469cfc6c without its protocol.
constexpr std::string_view kOldMagic(
    "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 13);
constexpr size_t kProtocolBytes = 2;
constexpr int64_t kOldVersion = 1001;
constexpr uint64_t kMethodOffset = 8;  // in a zip entry's local header

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

/// Lets LibTorch's zip reader read a mapped file.
class MappedAdapter : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit MappedAdapter(std::shared_ptr<MappedFile> file)
      : file_(std::move(file)) {}
  size_t size() const override { return file_->bytes().size(); }
  size_t read(uint64_t position,
              void* buffer,
              size_t count,
              const char* /*what*/) const override {
    if (position >= size()) return 0;
    count = std::min(count, size() - static_cast<size_t>(position));
    std::memcpy(buffer, file_->bytes().data() + position, count);
    return count;
  }

 private:
  std::shared_ptr<MappedFile> file_;
};

/// The records of the archive, as stretches of the file.
class ZipTable {
 public:
  explicit ZipTable(const std::shared_ptr<MappedFile>& file)
      : file_(file), reader_(asking([&] {
          return std::make_unique<PyTorchStreamReader>(
              std::make_shared<MappedAdapter>(file));
        })) {}

  bool contains(const std::string& name) {
    return asking([&] { return reader_->hasRecord(name); });
  }
  std::string_view record(const std::string& name) {
    const auto [header, begin, size] = asking([&] {
      return std::array<uint64_t, 3>{reader_->getRecordHeaderOffset(name),
                                     reader_->getRecordOffset(name),
                                     reader_->getRecordSize(name)};
    });
    const std::string_view file = text_of(*file_);
    if (begin > file.size() || size > file.size() - begin || header >= begin)
      fail(ErrorKind::format,
           "{}: record \"{}\" has {} bytes at byte {}, the file has {}",
           file_->path(),
           name,
           size,
           begin,
           file.size());
    if (little_endian(file.substr(header + kMethodOffset, 2)) != 0)
      fail(ErrorKind::unsupported,
           "{}: record \"{}\" is compressed. torch.save does not do that; save "
           "it again, or unpack and zip it with `zip -0`.",
           file_->path(),
           name);
    return file.substr(begin, size);
  }

 private:
  // LibTorch's own complaints become ours, without their backtrace.
  template <typename Question>
  std::invoke_result_t<Question> asking(Question question) const {
    try {
      return question();
    } catch (const c10::Error& error) {
      const std::string_view message = error.what_without_backtrace();
      fail(ErrorKind::format,
           "{}: is not an archive of torch.save: {}. Is the download complete?",
           file_->path(),
           message.substr(0, message.find('\n')));
    }
  }

  std::shared_ptr<MappedFile> file_;
  std::unique_ptr<PyTorchStreamReader> reader_;
};

bool is_old_form(std::string_view file) {
  return file.size() > kProtocolBytes && file[0] == '\x80' &&
         file.substr(kProtocolBytes).starts_with(kOldMagic);
}

}  // namespace

TorchFile::TorchFile(const std::string& path)
    : file_(std::make_shared<MappedFile>(path)) {
  const std::string_view file = text_of(*file_);
  if (file.starts_with(kZipMagic))
    read_zip();
  else if (is_old_form(file))
    read_old_form();
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
           storage.key);
    const size_t size = size_of(storage.dtype);
    const auto elements = static_cast<uint64_t>(storage.elements);
    if (found->second.size % size != 0 || found->second.size / size != elements)
      fail(ErrorKind::format,
           "{}: storage \"{}\" has {} bytes, which are not {} elements of {}",
           path(),
           storage.key,
           found->second.size,
           elements,
           name_of(storage.dtype));
  }
}

void TorchFile::read_zip() {
  ZipTable zip(file_);
  if (zip.contains("byteorder") && zip.record("byteorder") != "little")
    fail(ErrorKind::unsupported,
         "{}: its byte order is \"{}\", only little is read",
         path(),
         zip.record("byteorder"));
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
void TorchFile::read_old_form() {
  const std::span<const std::byte> bytes = file_->bytes();
  uint64_t at = kProtocolBytes + kOldMagic.size();
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
           key->text,
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
           key.text);
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
  // Copied as bytes: the part of the storage from the first element on.
  const uint64_t size = bytes.begin + bytes.size - begin;
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
