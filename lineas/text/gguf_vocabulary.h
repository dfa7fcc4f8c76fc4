// The list of tokens in a GGUF file's metadata, checked: what both kinds of
// tokenizers are made from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lineas/base/gguf_metadata.h"
#include "lineas/text/token_table.h"

namespace lineas {

/// tokenizer.ggml.token_type, numbered as in sentencepiece.
enum class GgufTokenKind {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6
};

struct GgufVocabulary {
  std::vector<std::string> tokens;
  std::vector<GgufTokenKind> kinds;  // as many
};

/// Throws format for tokens that are not UTF-8 and for kinds that do not fit
/// them. Without kinds all tokens are normal.
GgufVocabulary read_gguf_vocabulary(const GgufMetadata& metadata);

/// The id at tokenizer.ggml.NAME_token_id; nothing where there is no such key.
/// Throws format for an id without a token.
std::optional<int64_t> read_named_id(const GgufMetadata& metadata,
                                     const std::string& name,
                                     const GgufVocabulary& vocabulary);

/// Control and unknown tokens, found in a text as special ones, and those that
/// users defined.
std::vector<AddedToken> added_tokens_of(const GgufVocabulary& vocabulary);

}  // namespace lineas
