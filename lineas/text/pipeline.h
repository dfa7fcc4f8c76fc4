// A tokenizer put together from its parts, as Hugging Face tokenizers are:
// added tokens, normaliser, words, an algorithm a word, a template around the
// ids, and the way back. The readers (tokenizer_json, vocab_merges,
// sentencepiece_bpe) fill the parts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lineas/text/decoding.h"
#include "lineas/text/normalizer.h"
#include "lineas/text/pre_tokenizer.h"
#include "lineas/text/token_table.h"
#include "lineas/text/tokenizer.h"
#include "lineas/text/tokenizer_config.h"

namespace lineas {

/// Appends the ids of one word.
using WordEncoder =
    std::function<void(std::string_view word, std::vector<int64_t>& ids)>;

struct TokenizerParts {
  Vocabulary vocabulary;
  std::vector<AddedToken> added;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  WordEncoder encode_word;
  Decoding decoding;
  std::vector<int64_t> before, after;  // ids that the template puts around
  std::optional<int64_t> bos_id, eos_id;
};

/// `where` (a path) starts the message of the Errors this may throw.
std::unique_ptr<Tokenizer> make_tokenizer(TokenizerParts parts,
                                          std::string_view where);

/// Adds the added tokens of `config` that the parts lack, named special tokens
/// that are plain entries of the vocabulary included.
void add_configured_tokens(const TokenizerConfig& config,
                           TokenizerParts& parts);

/// The ids of BOS and EOS, and what add_bos_token and add_eos_token put around
/// a text. `adds_bos` is what holds where the configuration is silent.
void apply_special_ids(const TokenizerConfig& config,
                       bool adds_bos,
                       TokenizerParts& parts);

}  // namespace lineas
