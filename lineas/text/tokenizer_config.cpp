#include "lineas/text/tokenizer_config.h"

#include <algorithm>
#include <array>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/numbers.h"

namespace lineas {
namespace {

constexpr std::array<const char*, 7> kNamed = {"bos_token",
                                               "eos_token",
                                               "unk_token",
                                               "sep_token",
                                               "pad_token",
                                               "cls_token",
                                               "mask_token"};

/// "<s>" or {"content": "<s>", ...}.
SpecialToken read_special(const Json& value,
                          std::string_view key,
                          const std::string& where) {
  SpecialToken special;
  if (value.is_object()) {
    special.token = read_added_token(value, fmt::format("{}: {}", where, key));
    special.is_bare = false;
  } else {
    special.token.content =
        json_detail::convert<std::string>(value, key, where);
  }
  return special;
}

std::vector<SpecialToken> read_specials(const Json& list,
                                        std::string_view key,
                                        const std::string& where) {
  std::vector<SpecialToken> specials;
  for (const Json& item :
       json_detail::convert<std::vector<Json>>(list, key, where)) {
    specials.push_back(read_special(item, key, where));
  }
  return specials;
}

void read_named(const Json& json,
                const std::string& where,
                TokenizerConfig& config) {
  for (const char* key : kNamed) {
    if (!json.contains(key)) continue;
    std::optional<SpecialToken>& slot = config.specials[key];
    slot.reset();
    if (!json.at(key).is_null()) slot = read_special(json.at(key), key, where);
  }
}

/// A list (transformers 5), or names for them (before).
void read_extra(const std::string& text,
                const std::string& where,
                TokenizerConfig& config) {
  constexpr const char* kKey = "extra_special_tokens";
  // In the order of the file: new tokens get their ids by it.
  const auto ordered = nlohmann::ordered_json::parse(text);
  if (!ordered.contains(kKey) || ordered.at(kKey).is_null()) return;
  config.is_of_5 = ordered.at(kKey).is_array();
  for (const auto& item : ordered.at(kKey).items()) {
    config.extra.push_back(read_special(Json(item.value()), kKey, where));
  }
}

int64_t parse_id(const std::string& text, std::string_view where) {
  const auto id = parse_number<int64_t>(text);
  if (!id) fail(ErrorKind::format, "{}: \"{}\" is not a token id", where, text);
  return *id;
}

void read_decoder(const Json& json,
                  const std::string& where,
                  TokenizerConfig& config) {
  constexpr const char* kKey = "added_tokens_decoder";
  if (!json.contains(kKey)) return;
  const auto tokens = require<Json>(json, kKey, where);
  const std::string place = fmt::format("{}: {}", where, kKey);
  if (!tokens.is_object()) {
    fail(ErrorKind::format, "{} is not an object of id: token", place);
  }
  config.added_tokens_decoder.emplace();
  for (const auto& item : tokens.items()) {
    config.added_tokens_decoder->emplace(parse_id(item.key(), place),
                                         read_added_token(item.value(), place));
  }
}

void read_main_file(const std::string& path, TokenizerConfig& config) {
  const std::string text = read_file(path);
  const Json json = parse_json(text, path);
  if (!json.is_object()) {
    fail(ErrorKind::format, "{}: is not a JSON object", path);
  }
  config.where = path;
  config.values = json;
  config.tokenizer_class =
      value_or<std::string>(json, "tokenizer_class", path, "");
  for (const char* key : {"add_bos_token",
                          "add_eos_token",
                          "add_prefix_space",
                          "clean_up_tokenization_spaces",
                          "legacy",
                          "split_special_tokens"}) {
    value_or<bool>(json, key, path, false);
  }
  read_decoder(json, path, config);
  read_named(json, path, config);
  read_extra(text, path, config);
  const std::string additional = "additional_special_tokens";
  if (json.contains(additional) && !json.at(additional).is_null()) {
    config.additional = read_specials(json.at(additional), additional, path);
  }
}

/// special_tokens_map.json wins; transformers reads it only where
/// tokenizer_config.json has no added_tokens_decoder.
void read_map_file(const std::string& path, TokenizerConfig& config) {
  const Json json = read_json(path);
  if (!json.is_object()) {
    fail(ErrorKind::format, "{}: is not a JSON object", path);
  }
  read_named(json, path, config);
  for (auto& [key, special] : config.specials) {
    const bool is_here = json.contains(key) && special && !special->is_bare;
    if (is_here) special->token.special = true;
  }
  const std::string additional = "additional_special_tokens";
  if (!json.contains(additional) || json.at(additional).is_null()) return;
  if (!config.additional) config.additional.emplace();
  for (SpecialToken& special :
       read_specials(json.at(additional), additional, path)) {
    if (!special.is_bare) special.token.special = true;
    const bool is_known =
        std::any_of(config.additional->begin(),
                    config.additional->end(),
                    [&](const SpecialToken& known) {
                      return known.is_bare == special.is_bare &&
                             known.token == special.token;
                    });
    if (!is_known) config.additional->push_back(special);
  }
}

void read_added_file(const std::string& path, TokenizerConfig& config) {
  const Json json = read_json(path);
  if (!json.is_object()) {
    fail(ErrorKind::format, "{}: is not a JSON object", path);
  }
  const auto is_special = [&](const std::string& name) {
    const auto has_name = [&](const SpecialToken& special) {
      return special.token.content == name;
    };
    return std::any_of(config.specials.begin(),
                       config.specials.end(),
                       [&](const auto& item) {
                         return item.second && has_name(*item.second);
                       }) ||
           (config.additional && std::any_of(config.additional->begin(),
                                             config.additional->end(),
                                             has_name));
  };
  for (const auto& item : json.items()) {
    AddedToken token;
    token.content = item.key();
    token.special = is_special(item.key());
    config.added_tokens[require<int64_t>(json, item.key(), path)] = token;
  }
}

void find_class(const std::string& folder,
                const std::string& otherwise,
                TokenizerConfig& config) {
  const std::string model = folder + "/config.json";
  if (config.tokenizer_class.empty() && file_exists(model)) {
    const Json json = read_json(model);
    config.tokenizer_class =
        value_or<std::string>(json, "tokenizer_class", model, "");
    if (config.tokenizer_class.empty()) {
      config.tokenizer_class = tokenizer_class_of_model(
          value_or<std::string>(json, "model_type", model, ""));
    }
  }
  if (config.tokenizer_class.empty()) config.tokenizer_class = otherwise;
  config.has_class = !config.tokenizer_class.empty();
  config.is_of_5 |= config.tokenizer_class == "TokenizersBackend";
  const std::string fast = "Fast";
  if (config.tokenizer_class.ends_with(fast)) {
    config.tokenizer_class.resize(config.tokenizer_class.size() - fast.size());
  }
}

}  // namespace

bool TokenizerConfig::flag(const std::string& key, bool absent) const {
  if (!values.contains(key)) return absent;
  return value_or<bool>(values, key, where, false);
}

std::optional<bool> TokenizerConfig::maybe(const std::string& key) const {
  if (!values.contains(key) || values.at(key).is_null()) return {};
  return require<bool>(values, key, where);
}

std::string tokenizer_class_of_model(const std::string& type) {
  static const std::map<std::string, std::string> classes = {
      {"bloom", "BloomTokenizer"},
      {"clip", "CLIPTokenizer"},
      {"clip_text_model", "CLIPTokenizer"},
      {"codegen", "CodeGenTokenizer"},
      {"cohere", "CohereTokenizer"},
      {"cohere2", "CohereTokenizer"},
      {"gemma", "GemmaTokenizer"},
      {"gemma2", "GemmaTokenizer"},
      {"gemma3", "GemmaTokenizer"},
      {"gemma3_text", "GemmaTokenizer"},
      {"gpt2", "GPT2Tokenizer"},
      {"gpt_bigcode", "GPT2Tokenizer"},
      {"gpt_neo", "GPT2Tokenizer"},
      {"gpt_neox", "GPTNeoXTokenizer"},
      {"gptj", "GPT2Tokenizer"},
      {"llama", "LlamaTokenizer"},
      {"mistral", "LlamaTokenizer"},
      {"mixtral", "LlamaTokenizer"},
      {"olmo", "GPTNeoXTokenizer"},
      {"olmo2", "GPTNeoXTokenizer"},
      {"opt", "GPT2Tokenizer"},
      {"phi", "CodeGenTokenizer"},
      {"phi3", "LlamaTokenizer"},
      {"qwen2", "Qwen2Tokenizer"},
      {"qwen2_moe", "Qwen2Tokenizer"},
      {"qwen3", "Qwen2Tokenizer"},
      {"qwen3_moe", "Qwen2Tokenizer"},
      {"starcoder2", "GPT2Tokenizer"},
      {"t5", "T5Tokenizer"}};
  const auto found = classes.find(type);
  return found == classes.end() ? "" : found->second;
}

AddedToken read_added_token(const Json& spec, std::string_view where) {
  AddedToken token;
  token.content = require<std::string>(spec, "content", where);
  token.special = unless_absent<bool>(spec, "special", where, false);
  token.lstrip = unless_absent<bool>(spec, "lstrip", where, false);
  token.rstrip = unless_absent<bool>(spec, "rstrip", where, false);
  token.single_word = unless_absent<bool>(spec, "single_word", where, false);
  if (spec.contains("normalized")) {
    token.normalized = require<bool>(spec, "normalized", where);
  }
  return token;
}

TokenizerConfig read_tokenizer_config(const std::string& folder,
                                      const std::string& otherwise) {
  TokenizerConfig config;
  const std::string main = folder + "/tokenizer_config.json";
  if (file_exists(main)) read_main_file(main, config);
  find_class(folder, otherwise, config);
  if (config.added_tokens_decoder) return config;
  const std::string map = folder + "/special_tokens_map.json";
  if (file_exists(map)) read_map_file(map, config);
  const std::string added = folder + "/added_tokens.json";
  if (file_exists(added)) read_added_file(added, config);
  return config;
}

}  // namespace lineas
