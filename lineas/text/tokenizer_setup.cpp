#include "lineas/text/tokenizer_setup.h"

#include <algorithm>
#include <set>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/text/added_vocabulary.h"
#include "lineas/text/decoder.h"
#include "lineas/text/pipeline.h"
#include "lineas/text/tokenizer_class.h"

namespace lineas {
namespace {

/// Added tokens of the files by the ids they name, which only order them.
std::map<int64_t, AddedToken> tokens_of_files(const TokenizerSource& source,
                                              const TokenizerConfig& config,
                                              const SetupOptions& options) {
  if (config.added_tokens_decoder) return *config.added_tokens_decoder;
  std::map<int64_t, AddedToken> tokens = config.added_tokens;
  const auto& beside = options.from_model ? options.added_beside : source.added;
  for (const AddedToken& token : beside) tokens[token.id] = token;
  return tokens;
}

/// What is added once more when all special tokens are known.
class Additions {
 public:
  Additions(const AddedVocabulary& vocabulary,
            const std::map<int64_t, AddedToken>& files) {
    for (const auto& [id, token] : vocabulary.by_id()) {
      names_.insert(token.content);
    }
    // All of the files' tokens are added again: some have become special.
    for (const auto& [id, token] : files) {
      names_.insert(token.content);
      tokens_.push_back(token);
    }
  }

  void add(const std::vector<NamedSpecial>& specials) {
    std::set<std::string> special_names;
    const size_t from_files = tokens_.size();
    for (const NamedSpecial& named : specials) {
      const AddedToken& token = named.special.token;
      if (!special_names.insert(token.content).second) continue;
      // One with flags is added again, a name only where it is new.
      const auto end = tokens_.begin() + static_cast<ptrdiff_t>(from_files);
      const bool skips = named.special.is_bare
                             ? names_.contains(token.content)
                             : std::find(tokens_.begin(), end, token) != end;
      if (!skips) tokens_.push_back(token);
    }
    for (AddedToken& token : tokens_) {
      token.special |= special_names.contains(token.content);
    }
  }

  const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  std::set<std::string> names_;
  std::vector<AddedToken> tokens_;
};

/// The token that a key names ("bos_token"), or nothing.
std::optional<std::string> name_of(const std::vector<NamedSpecial>& specials,
                                   const std::string& key) {
  for (const NamedSpecial& named : specials) {
    if (named.key == key) return named.special.token.content;
  }
  return {};
}

/// Sets add_prefix_space of every ByteLevel inside.
void set_prefix_deep(Json& spec) {
  if (!spec.is_object()) return;
  if (spec.value("type", Json()) == "ByteLevel") {
    spec["add_prefix_space"] = true;
  }
  if (spec.contains("pretokenizers") && spec["pretokenizers"].is_array()) {
    for (Json& part : spec["pretokenizers"]) set_prefix_deep(part);
  }
}

/// add_prefix_space of the configuration wins over a ByteLevel that stands
/// alone, even where it is false because nothing is said.
void obey_prefix(const TokenizerConfig& config,
                 const TokenizerClass& row,
                 Json& pre_tokenizer) {
  if (row.prefix_is_files) return;
  const std::string key = "add_prefix_space";
  std::optional<bool> wanted = config.maybe(key);
  if (!config.values.contains(key) && !row.prefix_is_none) wanted = false;
  if (!wanted || !pre_tokenizer.is_object()) return;
  if (pre_tokenizer.value("type", Json()) == "ByteLevel") {
    pre_tokenizer[key] = *wanted;
  }
  if (*wanted && row.prefix_reaches_deep) set_prefix_deep(pre_tokenizer);
}

IdsAround ids_around(const TokenizerSource& source,
                     const TokenizerConfig& config,
                     const TokenizerClass& row,
                     const TokenizerParts& parts) {
  // transformers 5 reads no such flags beside a tokenizer.json.
  if (!row.adds_around || config.is_of_5) {
    return read_post_processor(source.post_processor,
                               source.where + ": post_processor");
  }
  IdsAround around;
  const auto put = [&](const std::string& flag,
                       bool absent,
                       const std::optional<int64_t>& id,
                       std::vector<int64_t>& side) {
    if (!config.flag(flag, absent)) return;
    if (!id) {
      fail(ErrorKind::format,
           "{}: {} is true, and there is no such token; name it",
           config.where,
           flag);
    }
    side.push_back(*id);
  };
  put("add_bos_token", row.adds_bos, parts.bos_id, around.before);
  put("add_eos_token", false, parts.eos_id, around.after);
  return around;
}

/// CLIP's class reads "</w>" of decoded text as a space and trims the text.
std::string word_end_of(const TokenizerSource& source,
                        const TokenizerClass& row) {
  if (row.name != "CLIPTokenizer") return "";
  if (!source.pre_tokenizer.is_object() ||
      source.pre_tokenizer.value("type", Json()) != "Sequence") {
    fail(ErrorKind::unsupported,
         "{}: pre_tokenizer: CLIPTokenizer needs a Sequence",
         source.where);
  }
  if (source.model.bpe.end_suffix.empty()) {
    fail(ErrorKind::unsupported,
         "{}: model: CLIPTokenizer needs an end_of_word_suffix",
         source.where);
  }
  return source.model.bpe.end_suffix;
}

void fill_tokens(const AddedVocabulary& vocabulary, TokenizerParts& parts) {
  for (const auto& [id, token] : vocabulary.by_id()) {
    parts.added.push_back(token);
    parts.added.back().special = vocabulary.is_special(token.content);
  }
  parts.searched = vocabulary.searched();
}

/// A GPT-2 folder from before tokenizer_config.json: no class is named, and its
/// published texts were cleaned up.
bool is_bare_gpt2(const TokenizerSource& source,
                  const TokenizerConfig& config) {
  return !config.has_class && config.values.empty() &&
         source.pre_tokenizer.is_object() &&
         source.pre_tokenizer.value("type", Json()) == "ByteLevel" &&
         std::any_of(
             source.model.vocabulary.begin(),
             source.model.vocabulary.end(),
             [](const auto& item) { return item.first == "<|endoftext|>"; });
}

}  // namespace

std::unique_ptr<Tokenizer> set_up_tokenizer(TokenizerSource source,
                                            const TokenizerConfig& given,
                                            const SetupOptions& options) {
  const bool bare_gpt2 = is_bare_gpt2(source, given);
  TokenizerConfig config = given;
  if (bare_gpt2) config.tokenizer_class = "GPT2Tokenizer";
  const TokenizerClass& row = find_tokenizer_class(config);
  const std::string& where = source.where;
  AddedVocabulary vocabulary(source.model.vocabulary);
  vocabulary.add(source.added);
  const auto files = tokens_of_files(source, config, options);
  // Flags of special tokens that are only named; transformers means to look
  // them up in added_tokens.json, too, and does not.
  std::vector<AddedToken> known;
  for (const auto& [id, token] : files) {
    const bool is_older = !config.added_tokens_decoder &&
                          config.added_tokens.contains(id) &&
                          config.added_tokens.at(id) == token;
    if (!is_older) known.push_back(token);
  }
  const auto specials =
      special_tokens(config, options.from_model, source.pad_token, known);
  Additions additions(vocabulary, files);
  additions.add(specials);
  vocabulary.add(additions.tokens());

  TokenizerParts parts;
  fill_tokens(vocabulary, parts);
  const auto id_of = [&](const char* key) -> std::optional<int64_t> {
    const std::optional<std::string> name = name_of(specials, key);
    return name ? vocabulary.id_of(*name) : std::nullopt;
  };
  parts.bos_id = id_of("bos_token");
  parts.eos_id = id_of("eos_token");
  parts.pad_id = id_of("pad_token");
  parts.splits_special = config.flag("split_special_tokens", false);
  parts.normalizer = read_normalizer(source.normalizer, where);
  obey_prefix(config, row, source.pre_tokenizer);
  parts.pre_tokenizer = read_pre_tokenizer(source.pre_tokenizer, where);
  parts.encode_word = make_word_encoder(
      source.model, parts.pre_tokenizer.byte_level(), where + ": model");
  const std::string word_end = word_end_of(source, row);
  parts.decoding =
      read_decoder(source.decoder, where + ": decoder", !word_end.empty());
  parts.decoding.word_end = word_end;
  parts.decoding.clean_up =
      config.flag("clean_up_tokenization_spaces", bare_gpt2);
  parts.around = ids_around(source, config, row, parts);
  if (config.values.empty() && !parts.bos_id && !parts.around.before.empty()) {
    parts.bos_id = parts.around.before[0];
  }
  parts.vocabulary = std::move(source.model.vocabulary);
  return make_tokenizer(std::move(parts), where);
}

bool prefixes_space(const TokenizerSource& source) {
  // In the files both forms of the same are written out.
  const std::string normalizer = source.normalizer.dump();
  const std::string words = source.pre_tokenizer.dump();
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  return has(normalizer, "\"type\":\"Prepend\"") ||
         has(words, "\"prepend_scheme\":\"always\"") ||
         has(words, "\"prepend_scheme\":\"first\"") ||
         has(words, "\"add_prefix_space\":true");
}

}  // namespace lineas
