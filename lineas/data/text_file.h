// A text file checked once: UTF-8, cut into lines, ready for errors that name
// file and line. Shared by the readers of prompt lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lineas {

struct Line {
  std::string_view text;  // without its line end
  size_t number = 1;
};

class TextFile {
 public:
  /// Takes the bytes of a file. Throws a format Error "path:line: ..." as
  /// to_utf8 does (encoding.h).
  TextFile(std::string bytes, std::string path);

  std::string_view text() const { return text_; }
  const std::string& path() const { return path_; }
  /// All lines, ended by LF, CR LF or CR, empty ones too.
  std::vector<Line> lines() const;
  /// "path:line", for messages.
  std::string at(size_t line) const;

 private:
  std::string text_;
  std::string path_;
};

}  // namespace lineas
