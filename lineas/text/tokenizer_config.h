// tokenizer_config.json and the smaller files beside it (special_tokens_map,
// added_tokens): the settings that are about a tokenizer but not in it. Every
// one of these files may be absent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/text/token_table.h"

namespace lineas {

struct TokenizerConfig {
  bool present = false;         // there is a tokenizer_config.json
  std::string tokenizer_class;  // "Qwen2Tokenizer"; without a final "Fast"
  std::optional<std::string> bos_token, eos_token, unk_token;
  std::optional<bool> add_bos_token, add_eos_token;
  std::optional<bool> clean_up;
  bool add_prefix_space = false;
  std::vector<AddedToken> added;           // with ids: added_tokens_decoder
  std::vector<std::string> special_names;  // bos, eos, pad, additional, ...

  /// Llama and Gemma: transformers puts BOS in front whatever the file says.
  bool adds_bos_by_class() const;
};

TokenizerConfig read_tokenizer_config(const std::string& folder);

/// One entry of "added_tokens" or "added_tokens_decoder".
AddedToken read_added_token(const Json& spec,
                            int64_t id,
                            std::string_view where);

}  // namespace lineas
