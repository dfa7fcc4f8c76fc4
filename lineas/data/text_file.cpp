#include "lineas/data/text_file.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"

namespace lineas {
TextFile::TextFile(std::string bytes, std::string path)
    : bytes_(std::move(bytes)), path_(std::move(path)) {
  if (bytes_.starts_with("\xef\xbb\xbf")) begin_ = 3;
  size_t invalid = find_invalid_utf8(text()).value_or(text().size());
  invalid = std::min(invalid, text().find('\0'));
  if (invalid == text().size()) return;
  const std::string_view before = text().substr(0, invalid);
  fail(ErrorKind::format,
       "{}:{}: byte {} of the file is 0x{:02x}: this is not UTF-8 text. "
       "Convert the file (iconv -t UTF-8)",
       path_,
       std::count(before.begin(), before.end(), '\n') + 1,
       begin_ + invalid,
       static_cast<unsigned char>(text()[invalid]));
}

std::string_view TextFile::text() const {
  return std::string_view(bytes_).substr(begin_);
}

std::vector<Line> TextFile::lines() const {
  std::vector<Line> lines;
  std::string_view rest = text();
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back({line, lines.size() + 1});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

std::string TextFile::at(size_t line) const {
  return fmt::format("{}:{}", path_, line);
}

}  // namespace lineas
