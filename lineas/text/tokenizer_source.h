// What a tokenizer is made of before anything runs: tokenizer.json as read, or
// what the older files (vocab.json with merges.txt, sentencepiece models) are
// turned into. Knows nothing of tokenizer_config.json.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/text/bpe.h"
#include "lineas/text/pipeline.h"
#include "lineas/text/unigram.h"
#include "lineas/text/word_piece.h"

namespace lineas {

/// "model" of tokenizer.json.
struct ModelSource {
  std::string type = "BPE";  // or Unigram, WordPiece, WordLevel
  Vocabulary vocabulary;
  MergeList merges;            // BPE
  BpeOptions bpe;              // but byte_level, which the words decide
  std::vector<double> scores;  // Unigram, beside the vocabulary
  std::optional<int64_t> unk_id;
  WordPieceOptions word_piece;  // WordPiece and WordLevel
};

struct TokenizerSource {
  std::string where;  // the file's path, which starts messages
  ModelSource model;
  Json normalizer, pre_tokenizer, post_processor, decoder;  // or null
  std::vector<AddedToken> added;
  std::optional<std::string> pad_token;  // of "padding"
};

/// The function that gives a word its ids. `byte_level`: words come as bytes.
WordEncoder make_word_encoder(const ModelSource& model,
                              bool byte_level,
                              const std::string& where);

}  // namespace lineas
