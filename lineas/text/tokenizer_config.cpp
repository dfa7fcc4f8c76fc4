#include "lineas/text/tokenizer_config.h"

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/numbers.h"

namespace lineas {
namespace {

/// "<s>" or {"content": "<s>", ...}; nothing for null.
std::optional<std::string> token_content(const Json& value,
                                         std::string_view key,
                                         std::string_view where) {
  if (value.is_null()) return {};
  if (value.is_object()) return require<std::string>(value, "content", where);
  return json_detail::convert<std::string>(value, key, where);
}

std::optional<std::string> read_token(const Json& json,
                                      const std::string& key,
                                      std::string_view where) {
  if (!json.contains(key)) return {};
  return token_content(json.at(key), key, where);
}

std::optional<bool> read_flag(const Json& json,
                              const std::string& key,
                              std::string_view where) {
  if (!json.contains(key) || json.at(key).is_null()) return {};
  return require<bool>(json, key, where);
}

/// Named special tokens, from either file; what is known already stays.
void read_special_names(const Json& json,
                        std::string_view where,
                        TokenizerConfig& config) {
  const auto keep = [](std::optional<std::string>& slot,
                       const std::optional<std::string>& value) {
    if (!slot) slot = value;
  };
  keep(config.bos_token, read_token(json, "bos_token", where));
  keep(config.eos_token, read_token(json, "eos_token", where));
  keep(config.unk_token, read_token(json, "unk_token", where));
  for (const char* key :
       {"bos_token", "eos_token", "unk_token", "pad_token", "sep_token"}) {
    const auto name = read_token(json, key, where);
    if (name) config.special_names.push_back(*name);
  }
  const std::string additional = "additional_special_tokens";
  for (const Json& item : value_or<std::vector<Json>>(
           json, additional, where, std::vector<Json>())) {
    const auto name = token_content(item, additional, where);
    if (name) config.special_names.push_back(*name);
  }
}

int64_t parse_id(const std::string& text, std::string_view where) {
  const auto id = parse_number<int64_t>(text);
  if (!id) fail(ErrorKind::format, "{}: \"{}\" is not a token id", where, text);
  return *id;
}

void read_main_file(const std::string& path, TokenizerConfig& config) {
  const Json json = read_json(path);
  config.present = true;
  config.tokenizer_class =
      value_or<std::string>(json, "tokenizer_class", path, "");
  if (config.tokenizer_class.ends_with("Fast")) {
    config.tokenizer_class.resize(config.tokenizer_class.size() - 4);
  }
  config.add_bos_token = read_flag(json, "add_bos_token", path);
  config.add_eos_token = read_flag(json, "add_eos_token", path);
  config.clean_up = read_flag(json, "clean_up_tokenization_spaces", path);
  config.add_prefix_space =
      value_or<bool>(json, "add_prefix_space", path, false);
  const Json added =
      value_or<Json>(json, "added_tokens_decoder", path, Json::object());
  for (const auto& item : added.items()) {
    config.added.push_back(
        read_added_token(item.value(), parse_id(item.key(), path), path));
  }
  read_special_names(json, path, config);
}

}  // namespace

bool TokenizerConfig::adds_bos_by_class() const {
  return tokenizer_class == "LlamaTokenizer" ||
         tokenizer_class == "CodeLlamaTokenizer" ||
         tokenizer_class == "GemmaTokenizer";
}

AddedToken read_added_token(const Json& spec,
                            int64_t id,
                            std::string_view where) {
  AddedToken token;
  token.content = require<std::string>(spec, "content", where);
  token.id = id;
  token.special = value_or<bool>(spec, "special", where, false);
  token.lstrip = value_or<bool>(spec, "lstrip", where, false);
  token.rstrip = value_or<bool>(spec, "rstrip", where, false);
  token.single_word = value_or<bool>(spec, "single_word", where, false);
  token.normalized = value_or<bool>(spec, "normalized", where, !token.special);
  return token;
}

TokenizerConfig read_tokenizer_config(const std::string& folder) {
  TokenizerConfig config;
  const std::string main = folder + "/tokenizer_config.json";
  if (file_exists(main)) read_main_file(main, config);
  const std::string map = folder + "/special_tokens_map.json";
  if (file_exists(map)) read_special_names(read_json(map), map, config);
  const std::string added = folder + "/added_tokens.json";
  if (file_exists(added)) {
    const Json json = read_json(added);
    for (const auto& item : json.items()) {
      AddedToken token;
      token.content = item.key();
      token.id = require<int64_t>(json, item.key(), added);
      token.normalized = true;
      config.added.push_back(token);
    }
  }
  return config;
}

}  // namespace lineas
