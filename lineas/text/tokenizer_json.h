// Reads tokenizer.json, the file of the Hugging Face tokenizers library, for
// BPE models: byte-level (GPT-2, Llama 3, Qwen) and SentencePiece style
// (Llama 2, Gemma, Mistral).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lineas/text/tokenizer.h"
#include "lineas/text/tokenizer_config.h"

namespace lineas {

/// Throws format for a file that contradicts itself, unsupported (naming the
/// feature) for what this program does not do. `where` starts every message.
std::unique_ptr<Tokenizer> read_tokenizer_json(std::string_view text,
                                               const TokenizerConfig& config,
                                               const std::string& where);

}  // namespace lineas
