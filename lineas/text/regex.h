// Regular expressions as Hugging Face tokenizers understand them (Oniguruma,
// Ruby syntax, Unicode), run by PCRE2.
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
  /// without overlap; empty matches are left out. Throws a resource Error when
  /// the pattern needs too many steps.
  std::vector<std::pair<size_t, size_t>> find_all(std::string_view text) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

/// \s of Oniguruma is White_Space; PCRE2 adds U+180E. Writes the class out.
std::string with_exact_white_space(std::string_view pattern);

}  // namespace lineas
