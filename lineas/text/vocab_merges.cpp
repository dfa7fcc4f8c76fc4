#include "lineas/text/vocab_merges.h"

#include <algorithm>
#include <unordered_set>

#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/text/byte_alphabet.h"
#include "lineas/text/tokenizer_setup.h"

namespace lineas {
namespace {

constexpr const char* kEndOfText = "<|endoftext|>";
constexpr const char* kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kClipPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
constexpr size_t kClipMerges = 49152 - 256 - 2;

MergeList::value_type parse_merge(std::string_view line,
                                  size_t number,
                                  const std::string& where) {
  const size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos ||
      space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string_view::npos) {
    fail(ErrorKind::format,
         "{}:{}: a merge is two tokens with one space between them",
         where,
         number);
  }
  return {std::string(line.substr(0, space)),
          std::string(line.substr(space + 1))};
}

Json byte_level(bool prefix, bool uses_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", prefix},
          {"trim_offsets", true},
          {"use_regex", uses_regex}};
}

Json split(const char* pattern, const char* behavior, bool invert) {
  return {{"type", "Split"},
          {"pattern", {{"Regex", pattern}}},
          {"behavior", behavior},
          {"invert", invert}};
}

/// [token, id] of a special token that the class puts around texts.
Json need_special(const TokenizerSource& source,
                  const TokenizerConfig& config,
                  const std::string& key,
                  const std::string& by_class) {
  std::string name = by_class;
  const auto said = config.specials.find(key);
  if (said != config.specials.end()) {
    name = said->second ? said->second->token.content : "";
  }
  // The id that a configuration gives it counts before the vocabulary's.
  const auto decoder =
      config.added_tokens_decoder.value_or(std::map<int64_t, AddedToken>());
  for (const auto* tokens : {&config.added_tokens, &decoder}) {
    for (auto item = tokens->rbegin(); item != tokens->rend(); ++item) {
      if (item->second.content == name) return {name, item->first};
    }
  }
  for (const auto& [token, id] : source.model.vocabulary) {
    if (token == name) return {name, id};
  }
  fail(ErrorKind::format,
       "{}: {} \"{}\" is put around texts and is not in the vocabulary",
       config.where,
       key,
       name);
}

void add_gpt2_parts(const TokenizerConfig& config, TokenizerSource& source) {
  source.pre_tokenizer =
      byte_level(config.flag("add_prefix_space", false), true);
  if (!config.flag("add_bos_token", false)) return;
  const Json bos = need_special(source, config, "bos_token", kEndOfText);
  const Json token = {{"SpecialToken", {{"id", bos[0]}, {"type_id", 0}}}};
  const Json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  Json entry = {{"id", bos[0]}, {"ids", Json::array({bos[1]})}};
  Json tokens = Json::object();
  tokens[bos[0].get<std::string>()] = entry;
  source.post_processor = {{"type", "TemplateProcessing"},
                           {"single", Json::array({token, text})},
                           {"special_tokens", tokens}};
}

void add_qwen2_parts(const TokenizerConfig& config, TokenizerSource& source) {
  if (config.flag("add_prefix_space", false)) {
    fail(ErrorKind::unsupported,
         "{}: add_prefix_space true: Qwen2Tokenizer does not know it",
         config.where);
  }
  source.normalizer = {{"type", "NFC"}};
  source.pre_tokenizer = {
      {"type", "Sequence"},
      {"pretokenizers",
       {split(kQwen2Pattern, "Isolated", false), byte_level(false, false)}}};
}

void add_clip_parts(const TokenizerConfig& config, TokenizerSource& source) {
  source.model.bpe.end_suffix = "</w>";
  const auto unknown = config.specials.find("unk_token");
  source.model.bpe.unknown = unknown != config.specials.end() && unknown->second
                                 ? unknown->second->token.content
                                 : kEndOfText;
  source.normalizer = {{"type", "Sequence"},
                       {"normalizers",
                        {{{"type", "NFC"}},
                         {{"type", "Replace"},
                          {"pattern", {{"Regex", "\\s+"}}},
                          {"content", " "}},
                         {{"type", "Lowercase"}}}}};
  source.pre_tokenizer = {
      {"type", "Sequence"},
      {"pretokenizers",
       {split(kClipPattern, "Removed", true), byte_level(false, true)}}};
  source.post_processor = {
      {"type", "RobertaProcessing"},
      {"cls", need_special(source, config, "bos_token", "<|startoftext|>")},
      {"sep", need_special(source, config, "eos_token", kEndOfText)}};
}

}  // namespace

MergeList parse_merges(std::string_view text,
                       const std::string& where,
                       MergeLines lines) {
  MergeList merges;
  std::unordered_set<std::string_view> seen;  // of one merge twice, the first
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const bool is_whole = end < text.size();
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (lines != MergeLines::after_version && number == 1) continue;
    if (lines == MergeLines::after_first && !is_whole) break;
    if (lines == MergeLines::clip && number > kClipMerges + 1) break;
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    if (!seen.insert(line).second) continue;
    merges.push_back(parse_merge(line, number, where));
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

MergeLines merge_lines(const TokenizerConfig& config,
                       const std::string& where) {
  const std::string& name = config.tokenizer_class;
  if (name.empty() || name == "GPT2Tokenizer") return MergeLines::after_first;
  if (name == "Qwen2Tokenizer") return MergeLines::after_version;
  if (name == "CLIPTokenizer") return MergeLines::clip;
  fail(ErrorKind::unsupported,
       "{}: without a tokenizer.json it is read for GPT2Tokenizer, "
       "Qwen2Tokenizer and CLIPTokenizer, not for {}",
       where,
       name);
}

TokenizerSource vocab_merges_source(Vocabulary vocabulary,
                                    MergeList merges,
                                    const TokenizerConfig& config,
                                    const std::string& where) {
  TokenizerSource source;
  source.where = where;
  source.model.vocabulary = std::move(vocabulary);
  source.model.merges = std::move(merges);
  source.decoder = byte_level(false, true);
  switch (merge_lines(config, where)) {
    case MergeLines::after_first:
      add_gpt2_parts(config, source);
      break;
    case MergeLines::after_version:
      add_qwen2_parts(config, source);
      break;
    case MergeLines::clip:
      add_clip_parts(config, source);
      break;
  }
  return source;
}

std::unique_ptr<Tokenizer> make_vocab_merges_tokenizer(
    Vocabulary vocabulary,
    const MergeList& merges,
    const TokenizerConfig& config,
    const std::string& where) {
  // Folders without any configuration are GPT-2's.
  TokenizerConfig named = config;
  if (named.tokenizer_class.empty()) named.tokenizer_class = "GPT2Tokenizer";
  SetupOptions options;
  options.from_model = true;
  return set_up_tokenizer(
      vocab_merges_source(std::move(vocabulary), merges, named, where),
      named,
      options);
}

}  // namespace lineas
