#include "lineas/text/word_piece.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

}  // namespace

WordPiece::WordPiece(const Vocabulary& vocabulary,
                     WordPieceOptions options,
                     std::string_view where)
    : options_(std::move(options)),
      where_(where),
      ids_(vocabulary.begin(), vocabulary.end()) {}

int64_t WordPiece::unknown_id() const {
  const auto found = ids_.find(options_.unknown);
  if (found != ids_.end()) return found->second;
  fail(ErrorKind::format,
       "{}: unk_token \"{}\" is needed, and the vocabulary does not have it",
       where_,
       options_.unknown);
}

bool WordPiece::append_pieces(std::string_view word,
                              std::vector<int64_t>& ids) const {
  for (size_t begin = 0; begin < word.size();) {
    const std::string prefix = begin > 0 ? options_.continuing_prefix : "";
    size_t end = word.size();
    auto found = ids_.end();
    while (end > begin) {
      found = ids_.find(prefix + std::string(word.substr(begin, end - begin)));
      if (found != ids_.end()) break;
      do --end;
      while (end > begin && !begins_character(word[end]));
    }
    if (found == ids_.end()) return false;
    ids.push_back(found->second);
    begin = end;
  }
  return true;
}

void WordPiece::encode(std::string_view word, std::vector<int64_t>& ids) const {
  if (options_.whole_words) {
    const auto found = ids_.find(std::string(word));
    ids.push_back(found == ids_.end() ? unknown_id() : found->second);
    return;
  }
  const auto length = std::count_if(word.begin(), word.end(), begins_character);
  std::vector<int64_t> pieces;
  if (length > options_.longest_word || !append_pieces(word, pieces)) {
    pieces = {unknown_id()};
  }
  ids.insert(ids.end(), pieces.begin(), pieces.end());
}

}  // namespace lineas
