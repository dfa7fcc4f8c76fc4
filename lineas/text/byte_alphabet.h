// GPT-2's spelling of bytes as printable characters ("Ġ" is a space), which
// the files of byte-level vocabularies use. We work on bytes and translate
// while reading.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lineas {

/// The bytes that a vocabulary entry spells; nothing where a character is not
/// of the alphabet (an added token, which stands for its own text).
std::optional<std::string> bytes_of_spelling(std::string_view spelling);

/// How a vocabulary spells these bytes.
std::string spelling_of_bytes(std::string_view bytes);

/// All 256 bytes in the order of GPT-2's vocabulary: the printable ones first.
std::string byte_alphabet();

}  // namespace lineas
