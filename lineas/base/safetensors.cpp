#include "lineas/base/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

constexpr size_t kLengthBytes = 8;
/// The limit of the reference implementation.
constexpr uint64_t kLongestHeader = 100'000'000;
constexpr std::string_view kMetadataKey = "__metadata__";

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  size_t size;
};
constexpr std::array<DTypeInfo, 10> kDTypes = {{
    {DType::f64, "F64", 8},
    {DType::f32, "F32", 4},
    {DType::f16, "F16", 2},
    {DType::bf16, "BF16", 2},
    {DType::i64, "I64", 8},
    {DType::i32, "I32", 4},
    {DType::i16, "I16", 2},
    {DType::i8, "I8", 1},
    {DType::u8, "U8", 1},
    {DType::boolean, "BOOL", 1},
}};
/// Names that the format knows and this program does not read.
constexpr std::array<std::string_view, 11> kUnread = {"F8_E4M3",
                                                      "F8_E5M2",
                                                      "F8_E8M0",
                                                      "F6_E2M3",
                                                      "F6_E3M2",
                                                      "F4",
                                                      "U16",
                                                      "U32",
                                                      "U64",
                                                      "C64",
                                                      "C128"};

const DTypeInfo& info_of(DType dtype) {
  return *std::find_if(kDTypes.begin(), kDTypes.end(), [&](const auto& info) {
    return info.dtype == dtype;
  });
}

/// The bytes of a tensor, or nothing where they do not fit 63 bits.
std::optional<uint64_t> byte_count(DType dtype,
                                   const std::vector<int64_t>& shape) {
  if (std::count(shape.begin(), shape.end(), 0) > 0) return 0;
  constexpr auto limit =
      static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  uint64_t bytes = size_of(dtype);
  for (const int64_t size : shape) {
    if (size < 0 || bytes > limit / static_cast<uint64_t>(size)) return {};
    bytes *= static_cast<uint64_t>(size);
  }
  return bytes;
}

/// The JSON text between the length and the data.
std::string_view header_text(std::span<const std::byte> file,
                             std::string_view where) {
  if (file.size() < kLengthBytes) {
    fail(ErrorKind::format,
         "{}: is {} bytes long, a safetensors file begins with 8 bytes of "
         "header length. Is the download complete?",
         where,
         file.size());
  }
  uint64_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) {
    length = length << 8 | static_cast<uint64_t>(file[i]);
  }
  if (length > kLongestHeader || length > file.size() - kLengthBytes) {
    fail(ErrorKind::format,
         "{}: claims a header of {} bytes, the file has {} (limit {}). Is it "
         "a safetensors file, and is the download complete?",
         where,
         length,
         file.size() - kLengthBytes,
         kLongestHeader);
  }
  const auto* text = reinterpret_cast<const char*>(file.data() + kLengthBytes);
  if (length == 0 || text[0] != '{') {
    fail(ErrorKind::format,
         "{}: its header does not begin with a JSON object. Is it a "
         "safetensors file?",
         where);
  }
  return {text, static_cast<size_t>(length)};
}

std::map<std::string, std::string> read_metadata(const Json& value,
                                                 std::string_view where) {
  const std::string place = fmt::format("{}: {}", where, kMetadataKey);
  if (value.is_null()) return {};  // as the reference implementation
  if (!value.is_object()) {
    fail(ErrorKind::format, "{} is not a JSON object", place);
  }
  std::map<std::string, std::string> metadata;
  for (const auto& item : value.items()) {
    metadata[item.key()] = require<std::string>(value, item.key(), place);
  }
  return metadata;
}

DType read_dtype(const std::string& name, std::string_view place) {
  for (const DTypeInfo& info : kDTypes) {
    if (info.name == name) return info.dtype;
  }
  const bool known =
      std::find(kUnread.begin(), kUnread.end(), name) != kUnread.end();
  fail(known ? ErrorKind::unsupported : ErrorKind::format,
       "{} has dtype \"{}\", which {}. Readable: F64 F32 F16 BF16 I64 I32 "
       "I16 I8 U8 BOOL",
       place,
       printable(name),
       known ? "this program does not read (quantised weights have such: take "
               "the unquantised model, or its GGUF file)"
             : "the format does not know");
}

/// One entry of the header; offsets become positions in the file.
TensorEntry read_entry(const std::string& name,
                       const Json& value,
                       uint64_t data_begin,
                       uint64_t data_size,
                       std::string_view where) {
  const std::string place =
      fmt::format("{}: tensor \"{}\"", where, printable(name));
  TensorEntry entry;
  entry.name = name;
  entry.dtype = read_dtype(require<std::string>(value, "dtype", place), place);
  // Read as unsigned, so that a negative size is refused by the reader.
  for (const uint64_t size :
       require<std::vector<uint64_t>>(value, "shape", place)) {
    entry.shape.push_back(static_cast<int64_t>(
        std::min<uint64_t>(size, std::numeric_limits<int64_t>::max())));
  }
  const auto offsets =
      require<std::vector<uint64_t>>(value, "data_offsets", place);
  if (offsets.size() != 2 || offsets[0] > offsets[1] ||
      offsets[1] > data_size) {
    fail(ErrorKind::format,
         "{} has data_offsets [{}], the file has {} bytes of data. Is the "
         "download complete?",
         place,
         fmt::join(offsets, ", "),
         data_size);
  }
  const std::optional<uint64_t> bytes = byte_count(entry.dtype, entry.shape);
  if (!bytes || *bytes != offsets[1] - offsets[0]) {
    fail(ErrorKind::format,
         "{} has shape [{}] of {}, {} bytes, but data_offsets [{}] hold {}",
         place,
         fmt::join(entry.shape, ", "),
         name_of(entry.dtype),
         bytes ? std::to_string(*bytes) : "too many",
         fmt::join(offsets, ", "),
         offsets[1] - offsets[0]);
  }
  entry.begin = data_begin + offsets[0];
  entry.end = data_begin + offsets[1];
  return entry;
}

/// Sorts by offset and refuses overlaps, gaps and bytes that belong to nobody.
void check_layout(std::vector<TensorEntry>& tensors,
                  uint64_t data_begin,
                  uint64_t file_size,
                  std::string_view where) {
  std::sort(tensors.begin(),
            tensors.end(),
            [](const TensorEntry& a, const TensorEntry& b) {
              return std::tie(a.begin, a.end, a.name) <
                     std::tie(b.begin, b.end, b.name);
            });
  uint64_t reached = data_begin;
  std::string_view before = "the header";
  for (const TensorEntry& tensor : tensors) {
    if (tensor.begin != reached) {
      fail(ErrorKind::format,
           "{}: tensor \"{}\" begins at byte {} of the file, but \"{}\" "
           "before it ends at {}: they {}",
           where,
           printable(tensor.name),
           tensor.begin,
           printable(before),
           reached,
           tensor.begin < reached ? "overlap" : "leave a gap");
    }
    reached = tensor.end;
    before = tensor.name;
  }
  if (reached != file_size) {
    fail(ErrorKind::format,
         "{}: {} bytes after the last tensor belong to no tensor",
         where,
         file_size - reached);
  }
}

std::string json_text(const Json& value) {
  try {
    return value.dump();
  } catch (const Json::exception&) {
    fail(ErrorKind::format,
         "a name or metadata value for a safetensors file is not UTF-8");
  }
}

}  // namespace

size_t size_of(DType dtype) {
  return info_of(dtype).size;
}

std::string_view name_of(DType dtype) {
  return info_of(dtype).name;
}

SafetensorsTable parse_safetensors(std::span<const std::byte> file,
                                   std::string_view where) {
  const std::string_view text = header_text(file, where);
  const Json header = parse_json_unique(text, fmt::format("{}: header", where));
  const uint64_t data_begin = kLengthBytes + text.size();
  SafetensorsTable table;
  for (const auto& item : header.items()) {
    if (item.key() == kMetadataKey) {
      table.metadata = read_metadata(item.value(), where);
    } else {
      table.tensors.push_back(read_entry(item.key(),
                                         item.value(),
                                         data_begin,
                                         file.size() - data_begin,
                                         where));
    }
  }
  check_layout(table.tensors, data_begin, file.size(), where);
  return table;
}

std::string safetensors_header(
    const std::vector<TensorEntry>& tensors,
    const std::map<std::string, std::string>& metadata) {
  std::vector<std::string> items;
  if (!metadata.empty()) {
    items.push_back(
        fmt::format("\"{}\":{}", kMetadataKey, json_text(metadata)));
  }
  std::set<std::string> names = {std::string(kMetadataKey)};
  uint64_t offset = 0;
  for (const TensorEntry& tensor : tensors) {
    const std::optional<uint64_t> bytes =
        byte_count(tensor.dtype, tensor.shape);
    if (!names.insert(tensor.name).second || !bytes) {
      fail(ErrorKind::shape,
           "tensor \"{}\" of shape [{}] cannot be written: the name is taken "
           "or the shape impossible",
           printable(tensor.name),
           fmt::join(tensor.shape, ", "));
    }
    items.push_back(
        fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],"
                    "\"data_offsets\":[{},{}]}}",
                    json_text(tensor.name),
                    name_of(tensor.dtype),
                    fmt::join(tensor.shape, ","),
                    offset,
                    offset + *bytes));
    offset += *bytes;
  }
  std::string json = fmt::format("{{{}}}", fmt::join(items, ","));
  json.resize((json.size() + 7) / 8 * 8, ' ');
  if (json.size() > kLongestHeader) {
    fail(ErrorKind::format,
         "a safetensors header of {} bytes is not written: readers take at "
         "most {}. Fewer tensors, or less metadata, are needed.",
         json.size(),
         kLongestHeader);
  }
  std::string header(kLengthBytes, '\0');
  for (size_t i = 0; i < kLengthBytes; ++i) {
    header[i] = static_cast<char>(json.size() >> (8 * i) & 0xff);
  }
  return header + json;
}

}  // namespace lineas
