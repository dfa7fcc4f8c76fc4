// The ways in which pre-tokenizers cut a text: at what a finder finds, with the
// delimiters kept, dropped or joined to a neighbour.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/text/regex.h"

namespace lineas {

/// A word, and whether it begins where the whole text begins.
struct Word {
  std::string text;
  bool at_start = false;
};
using WordStep = std::function<void(Word, std::vector<Word>&)>;

/// SplitDelimiterBehavior of Hugging Face tokenizers.
enum class Behavior {
  isolated,
  removed,
  merged_with_previous,
  merged_with_next,
  contiguous,
};
/// "Isolated" and so on; throws format for another name.
Behavior parse_behavior(const std::string& name, std::string_view where);

/// Byte ranges of the delimiters, first to last; a range may be empty.
using Finder =
    std::function<std::vector<std::pair<size_t, size_t>>(std::string_view)>;
Finder find_regex(Regex regex);
Finder find_string(std::string needle);
Finder find_characters(std::function<bool(char32_t)> is_one);

/// `invert`: what the finder finds are the words, what is between delimits.
WordStep split(Finder find, Behavior behavior, bool invert = false);

/// A space in front, where there is none.
WordStep prefix_space();
/// Spaces become `mark`; one is put in front by `scheme`: "always", "never" or
/// "first", that is only where the whole text begins.
WordStep metaspace(std::string mark, std::string scheme);
/// Every byte becomes its character of GPT-2's alphabet.
WordStep spell_bytes();
/// Pieces of so many characters.
WordStep fixed_length(size_t length);

}  // namespace lineas
