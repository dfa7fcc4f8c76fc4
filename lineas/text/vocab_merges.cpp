#include "lineas/text/vocab_merges.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/text/byte_alphabet.h"
#include "lineas/text/pipeline.h"

namespace lineas {
namespace {

/// GPT-2 has one special token, Qwen2 names its end of text the same.
constexpr const char* kEndOfText = "<|endoftext|>";

void add_class_defaults(bool qwen2, TokenizerConfig& config) {
  if (!config.eos_token) config.eos_token = kEndOfText;
  if (!config.bos_token && !qwen2) config.bos_token = kEndOfText;
  config.special_names.push_back(*config.eos_token);
  if (config.bos_token) config.special_names.push_back(*config.bos_token);
}

}  // namespace

MergeList parse_merges(std::string_view text, const std::string& where) {
  MergeList merges;
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    const size_t space = line.find(' ');
    if (space == 0 || space == std::string_view::npos ||
        space + 1 == line.size() ||
        line.find(' ', space + 1) != std::string_view::npos) {
      fail(ErrorKind::format,
           "{}:{}: a merge is two tokens with one space between them",
           where,
           number);
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

Vocabulary parse_vocabulary(std::string_view text, const std::string& where) {
  const Json json = parse_json(text, where);
  if (!json.is_object()) {
    fail(ErrorKind::format, "{}: is not a JSON object of token: id", where);
  }
  Vocabulary vocabulary;
  vocabulary.reserve(json.size());
  for (const auto& item : json.items()) {
    vocabulary.emplace_back(
        item.key(),
        json_detail::convert<int64_t>(item.value(), item.key(), where));
  }
  return vocabulary;
}

Vocabulary vocabulary_of(const MergeList& merges) {
  Vocabulary vocabulary;
  for (const char byte : byte_alphabet()) {
    vocabulary.emplace_back(spelling_of_bytes({&byte, 1}),
                            static_cast<int64_t>(vocabulary.size()));
  }
  for (const auto& [left, right] : merges) {
    vocabulary.emplace_back(left + right,
                            static_cast<int64_t>(vocabulary.size()));
  }
  return vocabulary;
}

std::unique_ptr<Tokenizer> make_vocab_merges_tokenizer(
    Vocabulary vocabulary,
    const MergeList& merges,
    TokenizerConfig config,
    const std::string& where) {
  const bool qwen2 = config.tokenizer_class == "Qwen2Tokenizer";
  add_class_defaults(qwen2, config);
  TokenizerParts parts;
  parts.vocabulary = std::move(vocabulary);
  if (qwen2) parts.normalizer = nfc_normalizer();
  parts.pre_tokenizer = qwen2 ? qwen2_pre_tokenizer()
                              : gpt2_pre_tokenizer(config.add_prefix_space);
  const auto bpe =
      std::make_shared<Bpe>(parts.vocabulary, merges, BpeOptions(), where);
  parts.encode_word = [bpe](std::string_view word, std::vector<int64_t>& ids) {
    bpe->encode(word, ids);
  };
  parts.decoding.byte_level = true;
  // Without any configuration GPT-2 is meant, which cleans up.
  parts.decoding.clean_up = config.clean_up.value_or(!config.present && !qwen2);
  add_configured_tokens(config, parts);
  apply_special_ids(config, false, parts);
  return make_tokenizer(std::move(parts), where);
}

}  // namespace lineas
