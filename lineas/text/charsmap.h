// The character map inside a sentencepiece model ("precompiled_charsmap"):
// which characters are written as which others before text is cut. A
// double-array trie (the Darts library's) over UTF-8, then the replacements,
// each ended by a zero byte. Read from a file, so nothing in it is believed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lineas {

class CharsMap {
 public:
  /// `bytes`: the blob as sentencepiece stores it. Throws a format Error that
  /// starts with `where`.
  CharsMap(std::string_view bytes, std::string_view where);

  /// Applies the map to valid UTF-8 as Hugging Face tokenizers do: to grapheme
  /// clusters of fewer than six bytes, else to single characters.
  std::string operator()(std::string_view text) const;

 private:
  /// Replacement of the shortest entry that `part` begins with, or nullptr.
  const char* find(std::string_view part) const;
  void append(std::string_view part, std::string& out) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

std::string encode_base64(std::string_view bytes);
/// Bytes of standard Base64 text; throws a format Error starting with `where`.
std::string decode_base64(std::string_view text, std::string_view where);

}  // namespace lineas
