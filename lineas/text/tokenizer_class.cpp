#include "lineas/text/tokenizer_class.h"

#include <algorithm>
#include <map>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

constexpr const char* kEndOfText = "<|endoftext|>";

TokenizerClass general() {
  return {.name = ""};
}

/// The general class of transformers 5, which earlier versions do not load.
TokenizerClass general_of_5() {
  return {.name = "TokenizersBackend", .prefix_is_files = true};
}

TokenizerClass gpt2() {
  return {.name = "GPT2Tokenizer",
          .defaults = {{"bos_token", kEndOfText},
                       {"eos_token", kEndOfText},
                       {"unk_token", kEndOfText}},
          .model_wrapping = Wrapping::normalized};
}

TokenizerClass codegen() {
  TokenizerClass row = gpt2();
  row.name = "CodeGenTokenizer";
  return row;
}

TokenizerClass gpt_neox() {
  return {.name = "GPTNeoXTokenizer",
          .defaults = {{"bos_token", kEndOfText},
                       {"eos_token", kEndOfText},
                       {"unk_token", kEndOfText},
                       {"pad_token", nullptr}},
          .adds_around = true};
}

TokenizerClass qwen2() {
  return {.name = "Qwen2Tokenizer",
          .defaults = {{"bos_token", nullptr},
                       {"eos_token", kEndOfText},
                       {"unk_token", kEndOfText},
                       {"pad_token", kEndOfText}},
          .wrapping = Wrapping::special,
          .model_wrapping = Wrapping::special};
}

TokenizerClass llama() {
  return {.name = "LlamaTokenizer",
          .defaults = {{"bos_token", "<s>"},
                       {"eos_token", "</s>"},
                       {"unk_token", "<unk>"}},
          .adds_around = true,
          .adds_bos = true,
          .prefix_is_none = true,
          .prefix_needs_model = true,
          .model_wrapping = Wrapping::special};
}

TokenizerClass code_llama() {
  return {.name = "CodeLlamaTokenizer",
          .defaults = {{"bos_token", "<s>"},
                       {"eos_token", "</s>"},
                       {"unk_token", "<unk>"}},
          .adds_around = true,
          .adds_bos = true,
          .additional = {"\xe2\x96\x81<PRE>",
                         "\xe2\x96\x81<MID>",
                         "\xe2\x96\x81<SUF>",
                         "\xe2\x96\x81<EOT>"}};
}

TokenizerClass gemma() {
  return {.name = "GemmaTokenizer",
          .defaults = {{"bos_token", "<bos>"},
                       {"eos_token", "<eos>"},
                       {"unk_token", "<unk>"},
                       {"pad_token", "<pad>"}},
          .adds_around = true,
          .adds_bos = true,
          .model_wrapping = Wrapping::special};
}

TokenizerClass cohere() {
  return {.name = "CohereTokenizer",
          .defaults = {{"bos_token", "<BOS_TOKEN>"},
                       {"eos_token", "<|END_OF_TURN_TOKEN|>"},
                       {"unk_token", "<UNK>"}},
          .adds_around = true,
          .adds_bos = true,
          .prefix_reaches_deep = true};
}

TokenizerClass bloom() {
  return {.name = "BloomTokenizer",
          .defaults = {{"bos_token", "<s>"},
                       {"eos_token", "</s>"},
                       {"unk_token", "<unk>"},
                       {"pad_token", "<pad>"}},
          .prefix_reaches_deep = true};
}

TokenizerClass clip() {
  return {.name = "CLIPTokenizer",
          .defaults = {{"bos_token", "<|startoftext|>"},
                       {"eos_token", kEndOfText},
                       {"unk_token", kEndOfText},
                       {"pad_token", kEndOfText}},
          .model_wrapping = Wrapping::normalized,
          .wraps_pad = false};
}

TokenizerClass t5() {
  return {.name = "T5Tokenizer",
          .defaults = {{"eos_token", "</s>"},
                       {"unk_token", "<unk>"},
                       {"pad_token", "<pad>"}},
          .prefix_is_none = true,
          .prefix_needs_model = true,
          .model_wrapping = Wrapping::special};
}

const std::vector<TokenizerClass>& classes() {
  static const std::vector<TokenizerClass> rows = {general(),
                                                   general_of_5(),
                                                   gpt2(),
                                                   codegen(),
                                                   gpt_neox(),
                                                   qwen2(),
                                                   llama(),
                                                   code_llama(),
                                                   gemma(),
                                                   cohere(),
                                                   bloom(),
                                                   clip(),
                                                   t5()};
  return rows;
}

/// Flags of a bare name as a class wraps it.
void wrap(Wrapping wrapping, SpecialToken& special) {
  if (!special.is_bare || wrapping == Wrapping::bare) return;
  special.is_bare = false;
  special.token.special = wrapping == Wrapping::special;
  special.token.normalized = wrapping == Wrapping::normalized;
}

/// Special tokens of the additional lists, T5's sentinels and CodeLlama's
/// marks.
std::vector<SpecialToken> additional_tokens(const TokenizerConfig& config,
                                            const TokenizerClass& row) {
  std::vector<SpecialToken> tokens =
      config.additional.value_or(std::vector<SpecialToken>());
  const auto append = [&](const std::string& name) {
    tokens.emplace_back().token.content = name;
  };
  for (const char* name : row.additional) append(name);
  if (row.name != "T5Tokenizer") return tokens;
  const std::string sentinel = "<extra_id_";
  const auto given = std::count_if(
      tokens.begin(), tokens.end(), [&](const SpecialToken& special) {
        return special.token.content.find(sentinel) != std::string::npos;
      });
  const auto wanted =
      unless_absent<int64_t>(config.values, "extra_ids", config.where, 100);
  if (given > 0 && wanted > 0 && given != wanted) {
    fail(ErrorKind::format,
         "{}: extra_ids is {}, additional_special_tokens has {} of them",
         config.where,
         wanted,
         given);
  }
  for (int64_t i = 0; given == 0 && i < wanted; ++i) {
    append(fmt::format("{}{}>", sentinel, i));
  }
  return tokens;
}

const AddedToken* find_token(const std::vector<AddedToken>& tokens,
                             const std::string& name) {
  const auto found = std::find_if(
      tokens.rbegin(), tokens.rend(), [&](const AddedToken& token) {
        return token.content == name;
      });
  return found == tokens.rend() ? nullptr : &*found;
}

/// The token of a key: a file's, else the class's, else that of the padding.
std::optional<SpecialToken> named_token(
    const TokenizerConfig& config,
    const TokenizerClass& row,
    const std::string& key,
    const std::optional<std::string>& padding) {
  const auto said = config.specials.find(key);
  if (said != config.specials.end()) return said->second;
  SpecialToken special;
  for (const ClassDefault& item : row.defaults) {
    if (key != item.key) continue;
    if (item.token == nullptr) return {};
    special.token.content = item.token;
    return special;
  }
  if (key != "pad_token" || !padding) return {};
  special.token.content = *padding;
  return special;
}

Wrapping wrapping_of(const TokenizerClass& row,
                     const std::string& key,
                     bool from_model) {
  const bool has_default = std::any_of(
      row.defaults.begin(), row.defaults.end(), [&](const ClassDefault& item) {
        return key == item.key;
      });
  const bool is_pad = key == "pad_token";
  if (from_model && (is_pad ? row.wraps_pad : has_default)) {
    return row.model_wrapping;
  }
  return has_default ? row.wrapping : Wrapping::bare;
}

}  // namespace

const TokenizerClass* known_tokenizer_class(const std::string& name) {
  for (const TokenizerClass& row : classes()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

const TokenizerClass& find_tokenizer_class(const TokenizerConfig& config) {
  std::string name = config.tokenizer_class;
  if (name == "PreTrainedTokenizer") name = "";
  if (const TokenizerClass* row = known_tokenizer_class(name)) return *row;
  std::vector<std::string> known;
  for (const TokenizerClass& row : classes()) {
    if (!row.name.empty()) known.push_back(row.name);
  }
  fail(ErrorKind::unsupported,
       "{}: tokenizer_class \"{}\" is not supported ({} and "
       "PreTrainedTokenizerFast are)",
       config.where,
       printable(name),
       fmt::join(known, ", "));
}

std::vector<NamedSpecial> special_tokens(
    const TokenizerConfig& config,
    bool from_model,
    const std::optional<std::string>& padding,
    const std::vector<AddedToken>& known) {
  const TokenizerClass& row = find_tokenizer_class(config);
  std::vector<NamedSpecial> tokens;
  const auto add = [&](const std::string& key, const SpecialToken& special) {
    if (!special.token.content.empty()) tokens.push_back({key, special});
  };
  for (const char* key : {"bos_token",
                          "eos_token",
                          "unk_token",
                          "sep_token",
                          "pad_token",
                          "cls_token",
                          "mask_token"}) {
    auto special = named_token(config, row, key, padding);
    if (!special) continue;
    const AddedToken* flags = find_token(known, special->token.content);
    if (config.specials.contains(key) && flags != nullptr) {
      special = SpecialToken{*flags, false};
    }
    wrap(wrapping_of(row, key, from_model), *special);
    add(key, *special);
  }
  for (const SpecialToken& special : additional_tokens(config, row)) {
    add("additional_special_tokens", special);
  }
  for (const SpecialToken& special : config.extra) {
    add("extra_special_tokens", special);
  }
  return tokens;
}

}  // namespace lineas
