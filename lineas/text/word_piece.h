// The two models of tokenizer.json that look words up in a table: WordPiece
// (the longest piece first, BERT) and WordLevel (whole words).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lineas/text/bpe.h"

namespace lineas {

struct WordPieceOptions {
  std::string unknown = "[UNK]";
  std::string continuing_prefix = "##";  // of pieces inside a word
  int64_t longest_word = 100;            // in characters; above: unknown
  bool whole_words = false;              // WordLevel: no pieces
};

class WordPiece {
 public:
  WordPiece(const Vocabulary& vocabulary,
            WordPieceOptions options,
            std::string_view where);

  /// Appends the ids of one word (valid UTF-8, not empty). Throws format where
  /// the unknown token is needed and the vocabulary lacks it.
  void encode(std::string_view word, std::vector<int64_t>& ids) const;

 private:
  bool append_pieces(std::string_view word, std::vector<int64_t>& ids) const;
  int64_t unknown_id() const;

  WordPieceOptions options_;
  std::string where_;
  std::unordered_map<std::string, int64_t> ids_;
};

}  // namespace lineas
