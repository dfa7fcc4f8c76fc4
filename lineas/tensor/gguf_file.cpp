#include "lineas/tensor/gguf_file.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

#include "lineas/base/error.h"
#include "lineas/base/gguf_parts.h"
#include "lineas/base/names.h"
#include "lineas/base/printable.h"
#include "lineas/tensor/dequantize.h"

namespace lineas {
namespace {

constexpr const char* kPartNumber = "split.no";
constexpr const char* kPartCount = "split.count";
constexpr const char* kTensorCount = "split.tensors.count";
constexpr int64_t kPieceBlocks = 2048;  // values of a piece stay in the cache

/// Bytes of a mapped file that hold blocks of one type.
struct Stretch {
  std::shared_ptr<MappedFile> file;
  GgmlType type;
  uint64_t begin;
  uint64_t end;
  std::vector<int64_t> shape;

  const std::byte* data() const { return file->bytes().data() + begin; }
  int64_t blocks() const {
    return static_cast<int64_t>(end - begin) / block_bytes(type);
  }
};

at::ScalarType stored_type(GgmlType type) {
  switch (type) {
    case GgmlType::f64:
      return at::kDouble;
    case GgmlType::f32:
      return at::kFloat;
    case GgmlType::f16:
      return at::kHalf;
    case GgmlType::bf16:
      return at::kBFloat16;
    default:
      return at::ScalarType::Undefined;
  }
}

/// A tensor that is stored as tensors are: the mapping, or a copy where its
/// bytes are not aligned.
Tensor view_plain(const Stretch& stretch) {
  const at::TensorOptions options(stored_type(stretch.type));
  // ATen has no read-only tensors; nothing in this project writes to a weight.
  auto* data = const_cast<std::byte*>(stretch.data());
  const auto size = static_cast<uintptr_t>(block_bytes(stretch.type));
  if (reinterpret_cast<uintptr_t>(data) % size == 0)
    return at::from_blob(
        data, stretch.shape, [file = stretch.file](void*) {}, options);
  Tensor copy = at::empty(stretch.shape, options);
  std::memcpy(copy.data_ptr(), data, stretch.end - stretch.begin);
  return copy;
}

/// Calls work(first block, blocks) for pieces, on all threads, and lets go of
/// the pages that were read.
template <typename Work>
void for_pieces(const Stretch& stretch, Work work) {
  const int64_t bytes = block_bytes(stretch.type);
  at::parallel_for(
      0, stretch.blocks(), kPieceBlocks, [&](int64_t first, int64_t last) {
        for (int64_t at = first; at < last; at += kPieceBlocks)
          work(at, std::min(kPieceBlocks, last - at));
      });
  stretch.file->release(
      stretch.begin,
      stretch.begin + static_cast<uint64_t>(stretch.blocks() * bytes));
}

Tensor decode(const Stretch& stretch, at::ScalarType dtype) {
  const int64_t bytes = block_bytes(stretch.type);
  const int64_t elements = block_elements(stretch.type);
  Tensor out = at::empty(stretch.shape, at::TensorOptions(dtype));
  const Tensor flat = out.view({-1});
  for_pieces(stretch, [&](int64_t first, int64_t count) {
    const std::byte* blocks = stretch.data() + first * bytes;
    if (dtype == at::kFloat) {
      dequantize(stretch.type,
                 blocks,
                 count,
                 flat.data_ptr<float>() + first * elements);
    } else if (dtype == at::kBFloat16) {
      dequantize(stretch.type,
                 blocks,
                 count,
                 static_cast<uint16_t*>(flat.data_ptr()) + first * elements);
    } else {
      const Tensor piece = at::empty({count * elements}, at::kFloat);
      dequantize(stretch.type, blocks, count, piece.data_ptr<float>());
      flat.narrow(0, first * elements, count * elements).copy_(piece);
    }
  });
  return out;
}

Tensor load_stretch(const Stretch& stretch, at::ScalarType dtype) {
  if (is_quantized(stretch.type)) return decode(stretch, dtype);
  const Tensor stored = view_plain(stretch);
  if (stored.scalar_type() == dtype) return stored;
  Tensor copy = stored.to(dtype);
  stretch.file->release(stretch.begin, stretch.end);
  return copy;
}

}  // namespace

GgufFile::GgufFile(const std::string& path) : path_(path) {
  if (const auto parts = find_gguf_parts(path)) {
    open_parts(*parts);
    return;
  }
  open_part(path);
  const auto count = metadata().value_or<int64_t>(kPartCount, 1);
  if (count > 1)
    fail(ErrorKind::format,
         "{}: is part {} of {} of a split model; the parts are found by their "
         "names, which must end in -00001-of-{:05}.gguf and so on",
         path,
         metadata().value_or<int64_t>(kPartNumber, 0) + 1,
         count,
         count);
}

void GgufFile::open_parts(const GgufParts& parts) {
  path_ = parts.path(1);
  const int64_t count = parts.count;
  for (int64_t number = 1; number <= count; ++number) {
    const std::string path = parts.path(number);
    if (!file_exists(path))
      fail(ErrorKind::not_found,
           "{}: part {} of {} of the split model is missing. Put all parts "
           "into one folder.",
           path,
           number,
           count);
    open_part(path);
    check_part(parts_.back(), number, count);
  }
  const auto tensors = metadata().require<int64_t>(kTensorCount);
  if (tensors != static_cast<int64_t>(places_.size()))
    fail(ErrorKind::format,
         "{}: \"{}\" says {} tensors, the {} parts have {}. Are all parts of "
         "one model?",
         path_,
         kTensorCount,
         tensors,
         count,
         places_.size());
}

void GgufFile::check_part(const Part& part,
                          int64_t number,
                          int64_t count) const {
  const GgufMetadata& own = part.table.metadata;
  const auto says_number = own.require<int64_t>(kPartNumber);
  const auto says_count = own.require<int64_t>(kPartCount);
  if (says_number == number - 1 && says_count == count) return;
  fail(ErrorKind::format,
       "{}: says that it is part {} of {} (\"{}\" {}), its name says {} of {}",
       own.where(),
       says_number + 1,
       says_count,
       kPartNumber,
       says_number,
       number,
       count);
}

void GgufFile::open_part(const std::string& path) {
  auto file = std::make_shared<MappedFile>(path);
  GgufTable table = parse_gguf(file->bytes(), path);
  for (size_t i = 0; i < table.tensors.size(); ++i) {
    const std::string& name = table.tensors[i].name;
    if (!places_.emplace(name, Place{parts_.size(), i}).second)
      fail(ErrorKind::format,
           "{}: tensor \"{}\" is also in another part of the model",
           path,
           printable(name));
  }
  parts_.push_back({std::move(file), std::move(table)});
}

const GgufFile::Place& GgufFile::place(const std::string& name) const {
  const auto found = places_.find(name);
  if (found == places_.end())
    fail(ErrorKind::not_found,
         "{}: no tensor \"{}\". {}",
         path_,
         name,
         nearest_names(name, names()));
  return found->second;
}

const GgufTensor& GgufFile::tensor(const std::string& name) const {
  const Place& at = place(name);
  return parts_[at.part].table.tensors[at.entry];
}

std::vector<std::string> GgufFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, at] : places_) names.push_back(name);
  return names;
}

Tensor GgufFile::load(const std::string& name, at::ScalarType dtype) const {
  const GgufTensor& entry = tensor(name);
  return load_stretch({parts_[place(name).part].file,
                       entry.type,
                       entry.begin,
                       entry.end,
                       entry.shape},
                      dtype);
}

Tensor GgufFile::load(const std::string& name,
                      int64_t index,
                      at::ScalarType dtype) const {
  const GgufTensor& entry = tensor(name);
  const int64_t size = entry.shape.size() < 2 ? 0 : entry.shape[0];
  if (index < 0 || index >= size)
    fail(ErrorKind::shape,
         "{}: tensor \"{}\" of shape {} has no part {}",
         path_,
         printable(name),
         to_string(entry.shape),
         index);
  const uint64_t bytes = (entry.end - entry.begin) / size;
  const uint64_t begin = entry.begin + index * bytes;
  return load_stretch({parts_[place(name).part].file,
                       entry.type,
                       begin,
                       begin + bytes,
                       {entry.shape.begin() + 1, entry.shape.end()}},
                      dtype);
}

std::string_view GgufFile::stored_bytes(const std::string& name) const {
  const GgufTensor& entry = tensor(name);
  const auto bytes = parts_[place(name).part].file->bytes();
  return {reinterpret_cast<const char*>(bytes.data()) + entry.begin,
          static_cast<size_t>(entry.end - entry.begin)};
}

}  // namespace lineas
