#include "lineas/text/special_tokens.h"

#include <array>
#include <vector>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/gguf.h"
#include "lineas/base/json.h"
#include "lineas/text/gguf_tokenizer.h"
#include "lineas/text/tokenizer_class.h"
#include "lineas/text/tokenizer_config.h"

namespace lineas {
namespace {

constexpr std::array<const char*, 7> kNames = {"bos_token",
                                               "eos_token",
                                               "unk_token",
                                               "sep_token",
                                               "pad_token",
                                               "cls_token",
                                               "mask_token"};
constexpr const char* kAdditional = "additional_special_tokens";

/// What a class of transformers 4.57 takes where a file says nothing.
Json class_defaults(const std::string& name) {
  Json tokens = Json::object();
  const TokenizerClass* row = known_tokenizer_class(name);
  if (row == nullptr) return tokens;
  for (const ClassDefault& item : row->defaults)
    if (item.token != nullptr) tokens[item.key] = item.token;
  return tokens;
}

std::string class_of(const std::string& folder, const Json& config) {
  std::string name = text_or_none(config, "tokenizer_class");
  if (name.empty() && file_exists(folder + "/config.json"))
    name = tokenizer_class_of_model(
        text_or_none(read_json(folder + "/config.json"), "model_type"));
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name;
}

/// "<s>", {"content": "<s>", ...} or null.
Json token(const Json& value, const std::string& key, std::string_view where) {
  if (value.is_null()) return value;
  if (value.is_object()) return require<std::string>(value, "content", where);
  return json_detail::convert<std::string>(value, key, where);
}

Json tokens(const Json& list, const std::string& key, std::string_view where) {
  if (list.is_null()) return list;
  Json result = Json::array();
  for (const Json& item :
       json_detail::convert<std::vector<Json>>(list, key, where))
    result.push_back(token(item, key, where));
  return result;
}

/// The entries of `from` over those that are there.
void take(const Json& from, std::string_view where, Json& into) {
  if (!from.is_object()) return;
  for (const char* name : kNames)
    if (from.contains(name)) into[name] = token(from[name], name, where);
  if (from.contains(kAdditional))
    into[kAdditional] = tokens(from[kAdditional], kAdditional, where);
}

/// Tokens of one model alone ("image_token": ...), by their own names.
void take_extra(const Json& config, std::string_view where, Json& into) {
  const std::string key = "extra_special_tokens";
  if (!config.contains(key) || !config[key].is_object()) return;
  for (const auto& item : config[key].items())
    into[item.key()] = token(item.value(), item.key(), where);
}

bool is_blank(const Json& value) {
  return value.empty() ||
         (value.is_string() && value.get<std::string>().empty());
}

}  // namespace

nlohmann::ordered_json read_special_tokens(const std::string& folder) {
  if (is_gguf_file(folder)) return gguf_special_tokens(folder);
  const std::string main = folder + "/tokenizer_config.json";
  const Json config = file_exists(main) ? read_json(main) : Json::object();
  Json all = class_defaults(class_of(folder, config));
  take(config, main, all);
  // transformers reads the older file only where the newer one lacks this.
  const std::string map = folder + "/special_tokens_map.json";
  if (!config.contains("added_tokens_decoder") && file_exists(map))
    take(read_json(map), map, all);
  take_extra(config, main, all);
  nlohmann::ordered_json result = nlohmann::ordered_json::object();
  for (const auto& item : all.items())
    if (!is_blank(item.value()))
      result[item.key()] = nlohmann::ordered_json(item.value());
  return result;
}

}  // namespace lineas
