// A tokenizer put together from its parts, as Hugging Face tokenizers are:
// added tokens, normaliser, words, an algorithm a word, a template around the
// ids, and the way back. tokenizer_setup fills the parts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lineas/text/decoding.h"
#include "lineas/text/normalizer.h"
#include "lineas/text/post_processor.h"
#include "lineas/text/pre_tokenizer.h"
#include "lineas/text/token_table.h"
#include "lineas/text/tokenizer.h"

namespace lineas {

/// Appends the ids of one word.
using WordEncoder =
    std::function<void(std::string_view word, std::vector<int64_t>& ids)>;

struct TokenizerParts {
  Vocabulary vocabulary;
  std::vector<AddedToken> added;     // by id
  std::vector<AddedToken> searched;  // in texts
  bool splits_special = false;       // special tokens in texts are text
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  WordEncoder encode_word;
  Decoding decoding;
  IdsAround around;  // what the template puts around a text
  std::optional<int64_t> bos_id, eos_id, pad_id;
};

/// `where` (a path) starts the message of the Errors this may throw.
std::unique_ptr<Tokenizer> make_tokenizer(TokenizerParts parts,
                                          std::string_view where);

}  // namespace lineas
