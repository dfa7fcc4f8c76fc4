// The tokenizer in a GGUF file's metadata (tokenizer.ggml.*): byte-level BPE
// ("gpt2") and SentencePiece's BPE by scores ("llama"), and the chat template.
#pragma once

#include <memory>
#include <string>

#include "lineas/base/gguf_metadata.h"
#include "lineas/text/tokenizer.h"

namespace lineas {

/// Throws not_found where the file has no tokenizer, unsupported for a kind or
/// a way to cut text that is not known (naming it), format for tokens, types,
/// scores and merges that contradict each other.
std::unique_ptr<Tokenizer> read_gguf_tokenizer(const GgufMetadata& metadata);

/// That of the file at `path`, or of the first part of a split model.
std::unique_ptr<Tokenizer> load_gguf_tokenizer(const std::string& path);

/// Its special tokens by the names that chat templates know them by.
nlohmann::ordered_json gguf_special_tokens(const std::string& path);
/// The Jinja text of tokenizer.chat_template; "" where the file has none.
std::string gguf_chat_template(const std::string& path);

}  // namespace lineas
