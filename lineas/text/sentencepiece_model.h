// Reads a sentencepiece model (tokenizer.model, spiece.model): a protocol
// buffer, of which a handful of fields matter here. Bytes in, checked tables
// out; knows nothing of tokenizing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lineas {

enum class PieceType {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6,
};

struct SentencePiece {
  std::string text;
  float score = 0;
  PieceType type = PieceType::normal;
};

struct SentencePieceModel {
  std::vector<SentencePiece> pieces;  // by id
  bool is_bpe = false;                // else unigram
  int64_t unk_id = 0;
  std::string unk_piece = "<unk>";
  std::string charsmap;  // the precompiled character map, or empty
};

/// Throws a format Error starting with `where` for what is not such a model,
/// unsupported for one that cuts by words or characters.
SentencePieceModel parse_sentencepiece(std::string_view bytes,
                                       const std::string& where);

}  // namespace lineas
