#include "lineas/text/gguf_tokenizer.h"

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/gguf.h"
#include "lineas/base/gguf_parts.h"
#include "lineas/base/log.h"
#include "lineas/base/printable.h"
#include "lineas/text/decoder.h"
#include "lineas/text/gguf_pre_tokenizer.h"
#include "lineas/text/gguf_vocabulary.h"
#include "lineas/text/sentencepiece_source.h"
#include "lineas/text/tokenizer_source.h"

namespace lineas {
namespace {

constexpr const char* kKind = "tokenizer.ggml.model";
constexpr const char* kPre = "tokenizer.ggml.pre";
constexpr const char* kMerges = "tokenizer.ggml.merges";
constexpr const char* kScores = "tokenizer.ggml.scores";
constexpr const char* kMark = "\xe2\x96\x81";  // U+2581, a space in pieces

GgufWords read_words(const GgufMetadata& metadata) {
  if (!metadata.contains(kPre))
    log_warning(
        "{}: has no key \"{}\", so text is cut as for \"default\", which may "
        "not be how the model was trained. Make the file again with a "
        "converter of today.",
        metadata.where(),
        kPre);
  return find_gguf_words(metadata.value_or<std::string>(kPre, "default"),
                         metadata.where());
}

MergeList read_merges(const GgufMetadata& metadata) {
  MergeList merges;
  for (const std::string& merge :
       metadata.require<std::vector<std::string>>(kMerges)) {
    const size_t space = merge.find(' ', 1);
    if (space == std::string::npos || space + 1 == merge.size() ||
        merge.find(' ', space + 1) != std::string::npos)
      fail(ErrorKind::format,
           "{}: merge {} (\"{}\") of \"{}\" is not two tokens with one space "
           "between them",
           metadata.where(),
           merges.size() + 1,
           printable(merge),
           kMerges);
    merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  return merges;
}

/// The entries that the algorithm may come to: fillers are left out.
Vocabulary usable(const GgufVocabulary& vocabulary) {
  Vocabulary entries;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id)
    if (vocabulary.kinds[id] != GgufTokenKind::unused)
      entries.emplace_back(vocabulary.tokens[id], static_cast<int64_t>(id));
  return entries;
}

Vocabulary whole(const GgufVocabulary& vocabulary) {
  Vocabulary entries;
  for (const std::string& token : vocabulary.tokens)
    entries.emplace_back(token, static_cast<int64_t>(entries.size()));
  return entries;
}

/// BOS and EOS, and which of them are put around a text.
void set_ends(const GgufMetadata& metadata,
              const GgufVocabulary& vocabulary,
              bool adds_bos,
              TokenizerParts& parts) {
  parts.bos_id = read_named_id(metadata, "bos", vocabulary);
  parts.eos_id = read_named_id(metadata, "eos", vocabulary);
  if (parts.bos_id &&
      metadata.value_or("tokenizer.ggml.add_bos_token", adds_bos))
    parts.around.before = {*parts.bos_id};
  if (parts.eos_id && metadata.value_or("tokenizer.ggml.add_eos_token", false))
    parts.around.after = {*parts.eos_id};
}

TokenizerParts parts_of(const TokenizerSource& source,
                        const GgufVocabulary& vocabulary) {
  const std::string& where = source.where;
  TokenizerParts parts;
  parts.vocabulary = whole(vocabulary);
  parts.added = added_tokens_of(vocabulary);
  parts.searched = parts.added;
  parts.normalizer = read_normalizer(source.normalizer, where);
  parts.pre_tokenizer = read_pre_tokenizer(source.pre_tokenizer, where);
  parts.encode_word =
      make_word_encoder(source.model, parts.pre_tokenizer.byte_level(), where);
  parts.decoding = read_decoder(source.decoder, where, false);
  return parts;
}

std::unique_ptr<Tokenizer> read_byte_level(const GgufMetadata& metadata) {
  const GgufVocabulary vocabulary = read_gguf_vocabulary(metadata);
  const GgufWords words = read_words(metadata);
  TokenizerSource source;
  source.where = metadata.where();
  if (words.composes) source.normalizer = {{"type", "NFC"}};
  source.pre_tokenizer = words.pre_tokenizer;
  source.decoder = {{"type", "ByteLevel"}};
  source.model.vocabulary = usable(vocabulary);
  source.model.merges = read_merges(metadata);
  source.model.bpe.ignore_merges = words.ignores_merges;
  TokenizerParts parts = parts_of(source, vocabulary);
  parts.decoding.clean_up = words.cleans_up;
  set_ends(metadata, vocabulary, words.adds_bos, parts);
  return make_tokenizer(std::move(parts), metadata.where());
}

std::vector<std::pair<std::string, double>> read_scored(
    const GgufMetadata& metadata, const GgufVocabulary& vocabulary) {
  const auto scores = metadata.require<std::vector<double>>(kScores);
  if (scores.size() != vocabulary.tokens.size())
    fail(ErrorKind::format,
         "{}: \"{}\" has {} entries for {} tokens",
         metadata.where(),
         kScores,
         scores.size(),
         vocabulary.tokens.size());
  std::vector<std::pair<std::string, double>> scored;
  for (size_t id = 0; id < scores.size(); ++id) {
    if (!std::isfinite(scores[id]))
      fail(ErrorKind::format,
           "{}: \"{}\" of token {} is no number",
           metadata.where(),
           kScores,
           id);
    if (vocabulary.kinds[id] != GgufTokenKind::unused)
      scored.emplace_back(vocabulary.tokens[id], scores[id]);
  }
  return scored;
}

Json replaced(const char* from, const char* to) {
  return {
      {"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

/// What is around the pieces: spaces are marks, and one stands in front.
void set_marks(bool has_prefix, TokenizerSource& source) {
  Json steps = Json::array();
  if (has_prefix) steps.push_back({{"type", "Prepend"}, {"prepend", kMark}});
  steps.push_back(replaced(" ", kMark));
  source.normalizer = {{"type", "Sequence"}, {"normalizers", steps}};
  Json decoders = {
      replaced(kMark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (has_prefix)
    decoders.push_back(
        {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  source.decoder = {{"type", "Sequence"}, {"decoders", decoders}};
}

std::unique_ptr<Tokenizer> read_by_scores(const GgufMetadata& metadata) {
  const GgufVocabulary vocabulary = read_gguf_vocabulary(metadata);
  if (metadata.value_or("tokenizer.ggml.remove_extra_whitespaces", false))
    fail(ErrorKind::unsupported,
         "{}: key \"tokenizer.ggml.remove_extra_whitespaces\" is true, which "
         "is not supported",
         metadata.where());
  TokenizerSource source;
  source.where = metadata.where();
  set_marks(metadata.value_or("tokenizer.ggml.add_space_prefix", true), source);
  BpeOptions& bpe = source.model.bpe;
  bpe.byte_fallback = std::count(vocabulary.kinds.begin(),
                                 vocabulary.kinds.end(),
                                 GgufTokenKind::byte) > 0;
  bpe.fuse_unknown = true;
  if (const auto unknown = read_named_id(metadata, "unknown", vocabulary))
    bpe.unknown = vocabulary.tokens[static_cast<size_t>(*unknown)];
  source.model.vocabulary = usable(vocabulary);
  source.model.merges = merges_of_pieces(read_scored(metadata, vocabulary),
                                         source.model.vocabulary);
  TokenizerParts parts = parts_of(source, vocabulary);
  set_ends(metadata, vocabulary, true, parts);
  return make_tokenizer(std::move(parts), metadata.where());
}

/// Calls read(metadata) while the file is mapped.
template <typename Read>
auto with_metadata(const std::string& path, Read read) {
  const MappedFile file(first_gguf_part(path));
  return read(parse_gguf(file.bytes(), file.path()).metadata);
}

}  // namespace

std::unique_ptr<Tokenizer> read_gguf_tokenizer(const GgufMetadata& metadata) {
  const auto kind = metadata.value_or<std::string>(kKind, "none");
  if (kind == "none" || kind == "no_vocab")
    fail(ErrorKind::not_found,
         "{}: has no tokenizer (key \"{}\"). Give prompts as token ids (.jsonl "
         "with \"ids\").",
         metadata.where(),
         kKind);
  if (kind == "gpt2") return read_byte_level(metadata);
  if (kind == "llama") return read_by_scores(metadata);
  fail(ErrorKind::unsupported,
       "{}: key \"{}\" is \"{}\", a kind of tokenizer that is not supported; "
       "known: gpt2, llama",
       metadata.where(),
       kKind,
       printable(kind));
}

std::unique_ptr<Tokenizer> load_gguf_tokenizer(const std::string& path) {
  return with_metadata(path, read_gguf_tokenizer);
}

nlohmann::ordered_json gguf_special_tokens(const std::string& path) {
  static const std::pair<const char*, const char*> kNames[] = {
      {"bos_token", "bos"},
      {"eos_token", "eos"},
      {"unk_token", "unknown"},
      {"sep_token", "seperator"},  // as the format spells it
      {"pad_token", "padding"},
      {"mask_token", "mask"}};
  return with_metadata(path, [](const GgufMetadata& metadata) {
    nlohmann::ordered_json tokens = nlohmann::ordered_json::object();
    if (!metadata.contains(kKind)) return tokens;
    const GgufVocabulary vocabulary = read_gguf_vocabulary(metadata);
    for (const auto& [name, key] : kNames)
      if (const auto id = read_named_id(metadata, key, vocabulary))
        tokens[name] = vocabulary.tokens[static_cast<size_t>(*id)];
    return tokens;
  });
}

std::string gguf_chat_template(const std::string& path) {
  return with_metadata(path, [](const GgufMetadata& metadata) {
    return metadata.value_or<std::string>("tokenizer.chat_template", "");
  });
}

}  // namespace lineas
