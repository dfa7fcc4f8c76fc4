#include "lineas/data/text_file.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/data/encoding.h"

namespace lineas {

TextFile::TextFile(std::string bytes, std::string path)
    : text_(to_utf8(std::move(bytes), path)), path_(std::move(path)) {}

std::vector<Line> TextFile::lines() const {
  std::vector<Line> lines;
  std::string_view rest = text();
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    lines.push_back({rest.substr(0, end), lines.size() + 1});
    const size_t ending = rest.substr(end).starts_with("\r\n") ? 2 : 1;
    rest.remove_prefix(std::min(end + ending, rest.size()));
  }
  return lines;
}

std::string TextFile::at(size_t line) const {
  return fmt::format("{}:{}", path_, line);
}

}  // namespace lineas
