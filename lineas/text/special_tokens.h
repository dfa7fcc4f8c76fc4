// The special tokens of a folder as transformers hands them to a chat
// template: special_tokens_map of the tokenizer that it would load.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lineas {

/// {"bos_token": "<s>", ..., "additional_special_tokens": [...]}: from
/// tokenizer_config.json, from special_tokens_map.json where transformers still
/// reads that, and the defaults of the tokenizer's class; of a GGUF file by the
/// ids in its metadata. Throws format.
nlohmann::ordered_json read_special_tokens(const std::string& folder);

}  // namespace lineas
