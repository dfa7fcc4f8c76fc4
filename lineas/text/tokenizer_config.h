// tokenizer_config.json and the smaller files beside it (special_tokens_map,
// added_tokens, config.json for the class): the settings that are about a
// tokenizer but not in it. Every one of these files may be absent. Says what
// the files say; what follows from it is tokenizer_setup's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/text/token_table.h"

namespace lineas {

/// A special token as transformers holds it: with flags, or a bare name.
struct SpecialToken {
  AddedToken token;
  bool is_bare = true;
};

struct TokenizerConfig {
  std::string where = "tokenizer_config.json";  // starts messages
  std::string tokenizer_class;  // "Qwen2Tokenizer"; without a final "Fast"
  bool has_class = false;  // a file names it, or the model's type implies it
  Json values = Json::object();  // of tokenizer_config.json

  /// "bos_token" and so on, as far as files name them; nothing for null.
  std::map<std::string, std::optional<SpecialToken>> specials;
  std::optional<std::vector<SpecialToken>> additional;
  std::vector<SpecialToken> extra;  // extra_special_tokens, in their order
  bool is_of_5 = false;             // only transformers 5 loads such files
  std::optional<std::map<int64_t, AddedToken>> added_tokens_decoder;
  std::map<int64_t, AddedToken> added_tokens;  // added_tokens.json

  /// values[key] as true or false: `absent` where the key is absent, false for
  /// null. Throws format for anything else.
  bool flag(const std::string& key, bool absent) const;
  /// The same; nothing where the key is absent or null.
  std::optional<bool> maybe(const std::string& key) const;
};

/// `otherwise`: the class where no file names one.
TokenizerConfig read_tokenizer_config(const std::string& folder,
                                      const std::string& otherwise = "");

/// The class that transformers chooses for config.json's "model_type" where no
/// file names one; "" where it has none.
std::string tokenizer_class_of_model(const std::string& type);

/// One entry of "added_tokens" or "added_tokens_decoder".
AddedToken read_added_token(const Json& spec, std::string_view where);

}  // namespace lineas
