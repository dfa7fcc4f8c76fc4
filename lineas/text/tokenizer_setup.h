// Puts a tokenizer together from its source and its configuration, as
// transformers does when it loads a folder: which added tokens count, what is
// put around a text, what add_prefix_space changes.
//
// transformers 4.57, tokenization_utils_fast.py and the classes' own __init__.
#pragma once

#include <memory>

#include "lineas/text/tokenizer.h"
#include "lineas/text/tokenizer_config.h"
#include "lineas/text/tokenizer_source.h"

namespace lineas {

struct SetupOptions {
  bool from_model = false;  // the source is not a tokenizer.json
  // Added tokens of a tokenizer.json beside a source that is not it.
  std::vector<AddedToken> added_beside;
};

/// Throws unsupported or format, naming file and field, where transformers
/// would not load the folder or this program cannot do as it does.
std::unique_ptr<Tokenizer> set_up_tokenizer(TokenizerSource source,
                                            const TokenizerConfig& config,
                                            const SetupOptions& options = {});

/// Whether a text gets a space in front, by the source's own parts.
bool prefixes_space(const TokenizerSource& source);

}  // namespace lineas
