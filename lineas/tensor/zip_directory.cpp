#include "lineas/tensor/zip_directory.h"

#include <algorithm>
#include <cstdint>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

constexpr std::string_view kEnd = "PK\x05\x06";
constexpr std::string_view kWideEnd = "PK\x06\x06";  // zip64's
constexpr std::string_view kWideEndPlace = "PK\x06\x07";
constexpr std::string_view kEntry = "PK\x01\x02";
constexpr std::string_view kLocalHeader = "PK\x03\x04";
// Bytes of these without what varies (names, comments).
constexpr size_t kEndBytes = 22;
constexpr size_t kWideEndBytes = 56;
constexpr size_t kWideEndPlaceBytes = 20;
constexpr size_t kEntryBytes = 46;
constexpr size_t kLocalHeaderBytes = 30;
constexpr size_t kMostComment = 0xffff;
// In the place of a number that stands in the zip64 field.
constexpr uint64_t kElsewhere = 0xffffffff;
constexpr uint64_t kWideField = 1;
constexpr uint64_t kEncrypted = 1;  // of the flags

uint64_t number(std::string_view bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

struct Stretch {
  uint64_t begin = 0, size = 0;
};

struct Entry {
  std::string_view name;
  uint64_t flags = 0, method = 0, size = 0, unpacked_size = 0, header = 0;
};

class Reader {
 public:
  Reader(std::string_view file, std::string_view where)
      : file_(file), where_(where) {}

  ZipDirectory read() const {
    const Stretch table = find_table();
    std::string_view rest = part(table.begin, table.size, "", "table");
    ZipDirectory directory;
    while (!rest.empty()) {
      const Entry entry = take_entry(rest);
      if (!directory.emplace(entry.name, bytes_of(entry)).second)
        refuse("entry \"{}\" is there twice", printable(entry.name));
    }
    return directory;
  }

 private:
  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format,
                           Args&&... args) const {
    fail(ErrorKind::format,
         "{}: is not an archive of torch.save: {}. Is the download complete?",
         where_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  // A stretch of the file that begins with `magic`.
  std::string_view part(uint64_t begin,
                        uint64_t size,
                        std::string_view magic,
                        std::string_view what) const {
    if (begin > file_.size() || size > file_.size() - begin)
      refuse("{} has {} bytes at byte {}, the file has {}",
             what,
             size,
             begin,
             file_.size());
    const std::string_view found = file_.substr(begin, size);
    if (!found.starts_with(magic)) refuse("{} is not at byte {}", what, begin);
    return found;
  }

  Stretch find_table() const;
  Entry take_entry(std::string_view& rest) const;
  void read_wide(Entry& entry, std::string_view fields) const;
  std::string_view bytes_of(const Entry& entry) const;

  std::string_view file_, where_;
};

Stretch Reader::find_table() const {
  const size_t tail = kEndBytes + kMostComment;
  const size_t skipped = file_.size() - std::min(file_.size(), tail);
  const size_t found = file_.substr(skipped).rfind(kEnd);
  if (found == file_.npos) refuse("its table of contents is missing");
  const size_t at = skipped + found;
  const std::string_view end = part(at, kEndBytes, kEnd, "the table's end");
  Stretch table{number(end, 16, 4), number(end, 12, 4)};
  if (at >= kWideEndPlaceBytes &&
      file_.substr(at - kWideEndPlaceBytes).starts_with(kWideEndPlace)) {
    const uint64_t place = number(file_, at - kWideEndPlaceBytes + 8, 8);
    const std::string_view wide =
        part(place, kWideEndBytes, kWideEnd, "the table's end (zip64)");
    table = {number(wide, 48, 8), number(wide, 40, 8)};
  }
  return table;
}

Entry Reader::take_entry(std::string_view& rest) const {
  if (rest.size() < kEntryBytes || !rest.starts_with(kEntry))
    refuse("its table of contents is damaged");
  Entry entry{.flags = number(rest, 8, 2),
              .method = number(rest, 10, 2),
              .size = number(rest, 20, 4),
              .unpacked_size = number(rest, 24, 4),
              .header = number(rest, 42, 4)};
  const size_t name = number(rest, 28, 2), fields = number(rest, 30, 2),
               comment = number(rest, 32, 2);
  if (rest.size() - kEntryBytes < name + fields + comment)
    refuse("its table of contents is damaged");
  entry.name = rest.substr(kEntryBytes, name);
  read_wide(entry, rest.substr(kEntryBytes + name, fields));
  rest.remove_prefix(kEntryBytes + name + fields + comment);
  return entry;
}

// Fields are a number of 2 bytes, a size of 2 and that many bytes.
void Reader::read_wide(Entry& entry, std::string_view fields) const {
  while (fields.size() >= 4) {
    const uint64_t id = number(fields, 0, 2);
    const size_t size = number(fields, 2, 2);
    if (size > fields.size() - 4) break;
    std::string_view field = fields.substr(4, size);
    fields.remove_prefix(4 + size);
    if (id != kWideField) continue;
    for (uint64_t* value : {&entry.unpacked_size, &entry.size, &entry.header})
      if (*value == kElsewhere && field.size() >= 8) {
        *value = number(field, 0, 8);
        field.remove_prefix(8);
      }
  }
}

std::string_view Reader::bytes_of(const Entry& entry) const {
  const std::string what = fmt::format("entry \"{}\"", printable(entry.name));
  const std::string_view header =
      part(entry.header, kLocalHeaderBytes, kLocalHeader, what);
  if (entry.method != 0 || number(header, 8, 2) != 0 ||
      (entry.flags & kEncrypted) != 0)
    fail(ErrorKind::unsupported,
         "{}: {} is compressed or encrypted. torch.save does not do that; "
         "save it again, or unpack and zip it with `zip -0`.",
         where_,
         what);
  if (entry.size != entry.unpacked_size)
    refuse("{} is stored, with {} bytes of {}",
           what,
           entry.size,
           entry.unpacked_size);
  const uint64_t name = number(header, 26, 2), fields = number(header, 28, 2);
  const uint64_t behind = entry.header + kLocalHeaderBytes;
  if (part(behind, name, "", what) != entry.name)
    refuse("{} has another name in the table of contents", what);
  return part(behind + name + fields, entry.size, "", what);
}

}  // namespace

ZipDirectory read_zip_directory(std::string_view file, std::string_view where) {
  return Reader(file, where).read();
}

}  // namespace lineas
