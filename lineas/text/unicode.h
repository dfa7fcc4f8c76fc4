// The Unicode properties and normal forms that tokenizers ask about. Knows
// nothing of tokens.
#pragma once

#include <string>
#include <string_view>

namespace lineas {

void append_utf8(char32_t code, std::string& out);

/// Unicode White_Space.
bool is_white_space(char32_t code);
/// \w of regular expressions: letters, marks, decimal digits, connectors.
bool is_word(char32_t code);
/// General category N*: what `char::is_numeric` of Rust says.
bool is_numeric(char32_t code);
/// General category P*, or one of the ASCII symbols.
bool is_punctuation(char32_t code);
/// General category M*.
bool is_mark(char32_t code);

enum class NormalForm { nfc, nfd, nfkc, nfkd };
/// The Unicode normal form of valid UTF-8.
std::string normalize(std::string_view text, NormalForm form);

/// Every character in lower case, whatever stands beside it.
std::string lower_case(std::string_view text);

/// Bytes of the first grapheme cluster of valid UTF-8 that is not empty.
size_t first_grapheme(std::string_view text);

}  // namespace lineas
