#include "lineas/text/tokenizer_json.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/text/pipeline.h"

namespace lineas {
namespace {

Vocabulary read_vocabulary(const Json& model, const std::string& where) {
  const auto found = model.find("vocab");
  if (found == model.end() || !found->is_object()) {
    fail(ErrorKind::format, "{}: has no \"vocab\" object", where);
  }
  Vocabulary vocabulary;
  vocabulary.reserve(found->size());
  for (const auto& item : found->items()) {
    vocabulary.emplace_back(
        item.key(),
        json_detail::convert<int64_t>(item.value(), item.key(), where));
  }
  return vocabulary;
}

/// "a b" or ["a", "b"]: older and newer files.
std::pair<std::string, std::string> read_merge(const Json& item,
                                               size_t number,
                                               const std::string& where) {
  if (item.is_string()) {
    const auto& text = item.get_ref<const std::string&>();
    const size_t space = text.find(' ');
    if (space != std::string::npos &&
        text.find(' ', space + 1) == std::string::npos) {
      return {text.substr(0, space), text.substr(space + 1)};
    }
  } else if (item.is_array() && item.size() == 2 && item[0].is_string() &&
             item[1].is_string()) {
    return {item[0].get<std::string>(), item[1].get<std::string>()};
  }
  fail(
      ErrorKind::format, "{}: merge {} is not a pair of tokens", where, number);
}

MergeList read_merges(const Json& model, const std::string& where) {
  const auto found = model.find("merges");
  if (found == model.end() || !found->is_array()) {
    fail(ErrorKind::format, "{}: has no list \"merges\"", where);
  }
  MergeList merges;
  merges.reserve(found->size());
  for (const Json& item : *found) {
    merges.push_back(read_merge(item, merges.size() + 1, where));
  }
  return merges;
}

void check_model(const Json& model, const std::string& where) {
  const auto type = value_or<std::string>(
      model, "type", where, model.contains("merges") ? "BPE" : "without type");
  if (type != "BPE") {
    fail(ErrorKind::unsupported,
         "{}: a tokenizer of type {} is not supported (BPE is)",
         where,
         type);
  }
  if (value_or<double>(model, "dropout", where, 0.0) != 0.0) {
    fail(ErrorKind::unsupported, "{}: \"dropout\" is not supported", where);
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const auto affix = value_or<std::string>(model, key, where, "");
    if (!affix.empty()) {
      fail(ErrorKind::unsupported,
           "{}: \"{}\" (\"{}\") is not supported",
           where,
           key,
           affix);
    }
  }
}

BpeOptions read_bpe_options(const Json& model,
                            bool byte_level,
                            const std::string& where) {
  BpeOptions options;
  options.byte_level = byte_level;
  options.byte_fallback = value_or<bool>(model, "byte_fallback", where, false);
  options.fuse_unknown = value_or<bool>(model, "fuse_unk", where, false);
  options.ignore_merges = value_or<bool>(model, "ignore_merges", where, false);
  options.unknown = value_or<std::string>(model, "unk_token", where, "");
  return options;
}

/// Decoders come in a fixed order in the files of BPE tokenizers; anything
/// else is refused rather than decoded almost right.
class DecoderReader {
 public:
  explicit DecoderReader(std::string where) : where_(std::move(where)) {}

  Decoding read(const Json& spec) {
    append(spec);
    if (decoding_.strip_count > 0 && !fused_) {
      refuse("Strip without Fuse");
    }
    return decoding_;
  }

 private:
  void append(const Json& spec) {
    const auto type = require<std::string>(spec, "type", where_);
    if (type == "Sequence") {
      for (const Json& part :
           require<std::vector<Json>>(spec, "decoders", where_)) {
        append(part);
      }
    } else if (type == "ByteLevel") {
      enter(4, type);
      decoding_.byte_level = true;
    } else if (type == "Replace") {
      enter(1, type);
      const auto pattern = require<Json>(spec, "pattern", where_);
      decoding_.replacements.emplace_back(
          require<std::string>(pattern, "String", where_),
          require<std::string>(spec, "content", where_));
    } else if (type == "Metaspace") {
      enter(2, type);
      read_metaspace(spec);
    } else if (type == "ByteFallback") {
      enter(2, type);
      decoding_.byte_fallback = true;
    } else if (type == "Fuse") {
      enter(3, type);
      fused_ = true;
    } else if (type == "Strip") {
      enter(3, type);
      read_strip(spec);
    } else {
      refuse(type);
    }
  }

  void read_metaspace(const Json& spec) {
    decoding_.metaspace = require<std::string>(spec, "replacement", where_);
    const bool prefix = value_or<bool>(spec, "add_prefix_space", where_, true);
    decoding_.keeps_first =
        value_or<std::string>(
            spec, "prepend_scheme", where_, prefix ? "always" : "never") ==
        "never";
  }

  void read_strip(const Json& spec) {
    decoding_.strip = require<std::string>(spec, "content", where_);
    decoding_.strip_count = require<int64_t>(spec, "start", where_);
    if (value_or<int64_t>(spec, "stop", where_, 0) != 0 ||
        decoding_.strip.empty()) {
      refuse("Strip at the end");
    }
  }

  void enter(int stage, const std::string& type) {
    if (stage < stage_ || stage_ == 4) refuse(type + " at this place");
    stage_ = stage;
  }

  [[noreturn]] void refuse(const std::string& what) const {
    fail(ErrorKind::unsupported,
         "{}: {} is not supported (ByteLevel alone, or Replace, Metaspace, "
         "ByteFallback, Fuse, Strip in this order are)",
         where_,
         what);
  }

  std::string where_;
  Decoding decoding_;
  int stage_ = 0;
  bool fused_ = false;
};

/// "post_processor": the ids before and after a single text.
class TemplateReader {
 public:
  TemplateReader(std::string where, TokenizerParts& parts)
      : where_(std::move(where)), parts_(parts) {}

  void read(const Json& spec) {
    if (spec.is_null()) return;
    const auto type = require<std::string>(spec, "type", where_);
    if (type == "Sequence") {
      for (const Json& part :
           require<std::vector<Json>>(spec, "processors", where_)) {
        read(part);
      }
    } else if (type == "TemplateProcessing") {
      read_template(spec);
    } else if (type != "ByteLevel") {  // which only trims offsets
      fail(ErrorKind::unsupported,
           "{}: type \"{}\" is not supported (Sequence, TemplateProcessing, "
           "ByteLevel are)",
           where_,
           type);
    }
  }

 private:
  void read_template(const Json& spec) {
    const auto tokens = require<Json>(spec, "special_tokens", where_);
    bool after = false;
    for (const Json& item :
         require<std::vector<Json>>(spec, "single", where_)) {
      if (item.is_object() && item.contains("Sequence")) {
        after = true;
        continue;
      }
      const auto token = require<Json>(item, "SpecialToken", where_);
      const auto name = require<std::string>(token, "id", where_);
      const auto ids = require<std::vector<int64_t>>(
          require<Json>(tokens, name, where_), "ids", where_);
      std::vector<int64_t>& side = after ? parts_.after : parts_.before;
      side.insert(side.end(), ids.begin(), ids.end());
    }
  }

  std::string where_;
  TokenizerParts& parts_;
};

void read_added_tokens(const Json& json,
                       const std::string& where,
                       TokenizerParts& parts) {
  const std::string place = where + ": added_tokens";
  for (const Json& item : value_or<std::vector<Json>>(
           json, "added_tokens", where, std::vector<Json>())) {
    parts.added.push_back(
        read_added_token(item, require<int64_t>(item, "id", place), place));
  }
}

bool has_added(const TokenizerParts& parts, std::string_view name) {
  return std::any_of(
      parts.added.begin(), parts.added.end(), [&](const AddedToken& token) {
        return token.content == name;
      });
}

/// Names the configuration leaves out and the family fixes.
TokenizerConfig with_family_names(TokenizerConfig config,
                                  const TokenizerParts& parts) {
  if (config.adds_bos_by_class() && !config.bos_token) {
    config.bos_token =
        config.tokenizer_class == "GemmaTokenizer" ? "<bos>" : "<s>";
  }
  if (!config.present && has_added(parts, "<|endoftext|>")) {
    if (!config.bos_token) config.bos_token = "<|endoftext|>";
    if (!config.eos_token) config.eos_token = "<|endoftext|>";
  }
  return config;
}

void read_ids_around(const Json& json,
                     const TokenizerConfig& given,
                     const std::string& where,
                     TokenizerParts& parts) {
  TemplateReader(where + ": post_processor", parts)
      .read(value_or<Json>(json, "post_processor", where, Json()));
  const TokenizerConfig config = with_family_names(given, parts);
  if (config.adds_bos_by_class()) {
    // transformers replaces the file's template for these classes.
    parts.before.clear();
    parts.after.clear();
    apply_special_ids(config, true, parts);
    return;
  }
  TokenizerConfig names_only = config;
  names_only.add_bos_token.reset();
  names_only.add_eos_token.reset();
  apply_special_ids(names_only, false, parts);
  if (!parts.bos_id && !parts.before.empty()) parts.bos_id = parts.before[0];
}

}  // namespace

std::unique_ptr<Tokenizer> read_tokenizer_json(std::string_view text,
                                               const TokenizerConfig& config,
                                               const std::string& where) {
  const Json json = parse_json(text, where);
  const Json empty;
  if (!json.is_object() || !json.contains("model")) {
    fail(ErrorKind::format, "{}: has no \"model\"", where);
  }
  const Json& model = json.at("model");
  const std::string place = where + ": model";
  check_model(model, place);

  TokenizerParts parts;
  parts.vocabulary = read_vocabulary(model, place);
  read_added_tokens(json, where, parts);
  add_configured_tokens(config, parts);
  parts.normalizer = read_normalizer(json.value("normalizer", empty), where);
  parts.pre_tokenizer =
      read_pre_tokenizer(json.value("pre_tokenizer", empty), where);
  const bool byte_level = parts.pre_tokenizer.byte_level();
  const auto bpe =
      std::make_shared<Bpe>(parts.vocabulary,
                            read_merges(model, place),
                            read_bpe_options(model, byte_level, place),
                            place);
  parts.encode_word = [bpe](std::string_view word, std::vector<int64_t>& ids) {
    bpe->encode(word, ids);
  };
  parts.decoding = DecoderReader(where + ": decoder")
                       .read(value_or<Json>(json, "decoder", where, Json()));
  // Without any configuration GPT-2 is meant, which cleans up.
  parts.decoding.clean_up = config.clean_up.value_or(
      !config.present && parts.pre_tokenizer.is_gpt2());
  read_ids_around(json, config, where, parts);
  return make_tokenizer(std::move(parts), where);
}

}  // namespace lineas
