// Reads tokenizer.json, the file of the Hugging Face tokenizers library.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lineas/text/tokenizer.h"
#include "lineas/text/tokenizer_config.h"
#include "lineas/text/tokenizer_source.h"

namespace lineas {

/// Throws format for a file that contradicts itself, unsupported (naming the
/// feature) for what this program does not do. `where` starts every message.
TokenizerSource parse_tokenizer_json(std::string_view text,
                                     const std::string& where);

/// The whole tokenizer of that text and a configuration.
std::unique_ptr<Tokenizer> read_tokenizer_json(std::string_view text,
                                               const TokenizerConfig& config,
                                               const std::string& where);

}  // namespace lineas
