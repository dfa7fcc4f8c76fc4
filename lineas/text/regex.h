// Regular expressions of tokenizers, run by Oniguruma: the library that Hugging
// Face tokenizers runs them by, in its own syntax, so that a pattern cuts a
// text here as it does there.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lineas {

class Regex {
 public:
  /// Throws a format Error that starts with `where` when the pattern is not a
  /// regular expression.
  Regex(std::string_view pattern, std::string_view where);

  /// Byte ranges [begin, end) of all matches in valid UTF-8, first to last,
  /// without overlap. An empty match counts, but not right behind another
  /// match. Throws a resource Error when the pattern needs too many steps.
  std::vector<std::pair<size_t, size_t>> find_all(std::string_view text) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

}  // namespace lineas
