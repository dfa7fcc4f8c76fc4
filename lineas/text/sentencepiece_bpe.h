// tokenizer.model through the sentencepiece library: the library finds the
// pieces of a text; special tokens, BOS and decoding are as transformers does
// them for Llama and Gemma.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lineas/text/tokenizer.h"
#include "lineas/text/tokenizer_config.h"

namespace lineas {

/// `bytes`: the whole model file. Throws format when it is not one.
std::unique_ptr<Tokenizer> read_sentencepiece(std::string_view bytes,
                                              const TokenizerConfig& config,
                                              const std::string& where);

}  // namespace lineas
