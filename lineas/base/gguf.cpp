#include "lineas/base/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/printable.h"
#include "lineas/base/utf8.h"

namespace lineas {
namespace {

static_assert(std::endian::native == std::endian::little,
              "GGUF values are read as they lie in memory");

constexpr std::string_view kMagic = "GGUF";
constexpr uint64_t kDefaultAlignment = 32;
constexpr std::string_view kAlignmentKey = "general.alignment";
constexpr uint32_t kMostDimensions = 4;
// The least that a pair and a description take: what counts are held against.
constexpr uint64_t kLeastPair = 8 + 4 + 1;
constexpr uint64_t kLeastTensor = 8 + 4 + 4 + 8;
constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();

/// The bytes before the data, read one item behind the other.
class Reader {
 public:
  Reader(std::span<const std::byte> file, std::string_view where)
      : file_(file), where_(where) {}

  size_t position() const { return at_; }
  size_t left() const { return file_.size() - at_; }

  /// The next `size` bytes; `what` names them where the file ends before.
  std::span<const std::byte> take(uint64_t size, std::string_view what) {
    if (size > left())
      fail(ErrorKind::format,
           "{}: {} needs {} bytes at byte {}, the file has {} more. Is the "
           "download complete?",
           where_,
           what,
           size,
           at_,
           left());
    const auto bytes = file_.subspan(at_, static_cast<size_t>(size));
    at_ += static_cast<size_t>(size);
    return bytes;
  }

  template <typename T>
  T number(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  std::string_view text(std::string_view what) {
    const auto bytes = take(number<uint64_t>(what), what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  std::span<const std::byte> file_;
  std::string_view where_;
  size_t at_ = 0;
};

void check_magic(Reader& reader, std::string_view where) {
  const auto bytes = reader.take(kMagic.size(), "its magic");
  const std::string_view magic(reinterpret_cast<const char*>(bytes.data()),
                               bytes.size());
  if (magic == kMagic) return;
  for (const std::string_view old : {"lmgg", "fmgg", "tjgg", "algg"})
    if (magic == old)
      fail(ErrorKind::unsupported,
           "{}: is a file of GGUF's predecessors (GGML, GGJT). Make a GGUF "
           "file of the model again with a converter of today.",
           where);
  fail(ErrorKind::format,
       "{}: begins with \"{}\", a GGUF file with \"{}\"{}",
       where,
       printable(magic),
       kMagic,
       magic == "FUGG" ? ": it is of big-endian byte order" : "");
}

void check_version(Reader& reader, std::string_view where) {
  const auto version = reader.number<uint32_t>("its version");
  if (version == 2 || version == 3) return;
  if ((version & 0xffff) == 0)
    fail(ErrorKind::unsupported,
         "{}: is of big-endian byte order, which this program does not read. "
         "Convert the model for little endian.",
         where);
  fail(ErrorKind::unsupported,
       "{}: is GGUF version {}; 2 and 3 are read. Make the file again with a "
       "converter of today.",
       where,
       version);
}

uint64_t read_count(Reader& reader,
                    uint64_t least_bytes,
                    std::string_view what,
                    std::string_view where) {
  const auto count = reader.number<uint64_t>(what);
  if (count > reader.left() / least_bytes)
    fail(ErrorKind::format,
         "{}: claims {} {}, its {} bytes cannot hold them. Is the download "
         "complete?",
         where,
         count,
         what,
         reader.left());
  return count;
}

GgufType read_value_type(Reader& reader, std::string_view place) {
  const auto number = reader.number<uint32_t>(place);
  if (number > static_cast<uint32_t>(GgufType::f64))
    fail(ErrorKind::format,
         "{} has value type {}, the format knows 0 to 12",
         place,
         number);
  return static_cast<GgufType>(number);
}

/// Steps over `count` elements and gives their bytes.
std::span<const std::byte> take_elements(Reader& reader,
                                         GgufType type,
                                         uint64_t count,
                                         std::string_view place) {
  const size_t size = size_of(type);
  if (type != GgufType::string) {
    if (count > kMost / size)
      fail(ErrorKind::format, "{} claims {} elements", place, count);
    return reader.take(count * size, place);
  }
  Reader start = reader;
  const size_t begin = reader.position();
  for (uint64_t i = 0; i < count; ++i) reader.text(place);
  return start.take(reader.position() - begin, place);
}

GgufValue read_value(Reader& reader, const std::string& place) {
  GgufValue value;
  value.type = read_value_type(reader, place);
  if (value.type == GgufType::array) {
    value.is_array = true;
    value.type = read_value_type(reader, place);
    if (value.type == GgufType::array)
      fail(ErrorKind::unsupported,
           "{} is a list of lists, which this program does not read",
           place);
    value.count = reader.number<uint64_t>(place);
  }
  value.bytes = take_elements(reader, value.type, value.count, place);
  return value;
}

std::string read_name(Reader& reader,
                      std::string_view what,
                      std::string_view where) {
  const std::string_view name = reader.text(what);
  if (name.empty() || find_invalid_utf8(name))
    fail(ErrorKind::format,
         "{}: {} (\"{}\", before byte {}) must be UTF-8 text",
         where,
         what,
         printable(name),
         reader.position());
  return std::string(name);
}

GgufMetadata read_metadata(Reader& reader,
                           uint64_t count,
                           std::string_view where) {
  GgufMetadata metadata{std::string(where)};
  for (uint64_t i = 0; i < count; ++i) {
    const std::string key = read_name(reader, "the name of a key", where);
    const std::string place =
        fmt::format("{}: key \"{}\"", where, printable(key));
    if (!metadata.add(key, read_value(reader, place)))
      fail(ErrorKind::format, "{} is there twice", place);
  }
  return metadata;
}

uint64_t read_alignment(const GgufMetadata& metadata, std::string_view where) {
  const auto alignment = metadata.value_or<int64_t>(
      kAlignmentKey, static_cast<int64_t>(kDefaultAlignment));
  if (alignment < 1 || alignment > int64_t{1} << 30 ||
      !std::has_single_bit(static_cast<uint64_t>(alignment)))
    fail(ErrorKind::format,
         "{}: key \"{}\" is {}, it must be a power of two",
         where,
         kAlignmentKey,
         alignment);
  return static_cast<uint64_t>(alignment);
}

/// The bytes of a tensor, or nothing where they do not fit 63 bits.
std::optional<uint64_t> byte_count(const GgufTensor& tensor) {
  uint64_t elements = 1;
  for (const int64_t size : tensor.shape) {
    if (size != 0 && elements > kMost / static_cast<uint64_t>(size)) return {};
    elements *= static_cast<uint64_t>(size);
  }
  const auto block = static_cast<uint64_t>(block_elements(tensor.type));
  const auto bytes = static_cast<uint64_t>(block_bytes(tensor.type));
  if (elements / block > kMost / bytes) return {};
  return elements / block * bytes;
}

std::vector<int64_t> read_shape(Reader& reader, const std::string& place) {
  const auto dimensions = reader.number<uint32_t>(place);
  if (dimensions > kMostDimensions)
    fail(ErrorKind::format,
         "{} has {} dimensions, at most {} are possible",
         place,
         dimensions,
         kMostDimensions);
  std::vector<int64_t> shape;
  for (uint32_t i = 0; i < dimensions; ++i) {
    const auto size = reader.number<uint64_t>(place);
    if (size > kMost)
      fail(ErrorKind::format, "{} has a dimension of {}", place, size);
    shape.push_back(static_cast<int64_t>(size));
  }
  std::reverse(shape.begin(), shape.end());  // the file's first lies together
  return shape;
}

/// One description; `begin` stays the offset that the file says, `end` the
/// bytes behind it.
GgufTensor read_tensor(Reader& reader, std::string_view where) {
  GgufTensor tensor;
  tensor.name = read_name(reader, "the name of a tensor", where);
  const std::string place =
      fmt::format("{}: tensor \"{}\"", where, printable(tensor.name));
  tensor.shape = read_shape(reader, place);
  tensor.type = read_ggml_type(reader.number<uint32_t>(place), place);
  tensor.begin = reader.number<uint64_t>(place);
  const int64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (row % block_elements(tensor.type) != 0)
    fail(ErrorKind::format,
         "{} has rows of {} elements, {} stores them in blocks of {}",
         place,
         row,
         name_of(tensor.type),
         block_elements(tensor.type));
  const std::optional<uint64_t> bytes = byte_count(tensor);
  if (!bytes || tensor.begin > kMost - *bytes)
    fail(ErrorKind::format,
         "{} of shape [{}] at offset {} is larger than any file",
         place,
         fmt::join(tensor.shape, ", "),
         tensor.begin);
  tensor.end = tensor.begin + *bytes;
  return tensor;
}

uint64_t rounded_up(uint64_t position, uint64_t alignment) {
  return (position + alignment - 1) / alignment * alignment;
}

/// Sorts by offset and refuses overlaps, gaps, odd offsets and missing data;
/// offsets become positions in the file.
void check_layout(std::vector<GgufTensor>& tensors,
                  uint64_t data_begin,
                  uint64_t alignment,
                  uint64_t file_size,
                  std::string_view where) {
  std::stable_sort(
      tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
        return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
      });
  uint64_t reached = 0;
  std::string_view before = "the header";
  for (GgufTensor& tensor : tensors) {
    if (tensor.begin != reached)
      fail(ErrorKind::format,
           "{}: tensor \"{}\" has offset {}, but with \"{}\" before it and an "
           "alignment of {} it must begin at {}: they {}",
           where,
           printable(tensor.name),
           tensor.begin,
           printable(before),
           alignment,
           reached,
           tensor.begin < reached ? "overlap" : "leave a gap");
    if (file_size < data_begin || tensor.end > file_size - data_begin)
      fail(ErrorKind::format,
           "{}: tensor \"{}\" ends at byte {} of the data, the file has {}. "
           "Is the download complete?",
           where,
           printable(tensor.name),
           tensor.end,
           file_size < data_begin ? 0 : file_size - data_begin);
    reached = rounded_up(tensor.end, alignment);
    before = tensor.name;
    tensor.begin += data_begin;
    tensor.end += data_begin;
  }
  if (file_size > data_begin && file_size - data_begin > reached)
    fail(ErrorKind::format,
         "{}: {} bytes after the last tensor belong to no tensor",
         where,
         file_size - data_begin - reached);
}

}  // namespace

GgufTable parse_gguf(std::span<const std::byte> file, std::string_view where) {
  Reader reader(file, where);
  check_magic(reader, where);
  check_version(reader, where);
  const uint64_t tensors = read_count(reader, kLeastTensor, "tensors", where);
  const uint64_t pairs = read_count(reader, kLeastPair, "keys", where);
  GgufTable table;
  table.metadata = read_metadata(reader, pairs, where);
  const uint64_t alignment = read_alignment(table.metadata, where);
  std::set<std::string> names;
  for (uint64_t i = 0; i < tensors; ++i) {
    table.tensors.push_back(read_tensor(reader, where));
    if (!names.insert(table.tensors.back().name).second)
      fail(ErrorKind::format,
           "{}: tensor \"{}\" is there twice",
           where,
           printable(table.tensors.back().name));
  }
  check_layout(table.tensors,
               rounded_up(reader.position(), alignment),
               alignment,
               file.size(),
               where);
  return table;
}

bool is_gguf_file(const std::string& path) {
  if (is_directory(path) || !file_exists(path)) return false;
  if (path.ends_with(".gguf")) return true;
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof(magic));
  return std::string_view(magic, sizeof(magic)) == kMagic;
}

}  // namespace lineas
