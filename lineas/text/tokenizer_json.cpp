#include "lineas/text/tokenizer_json.h"

#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/text/tokenizer_setup.h"

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

/// Files from before 2020 do not say the type.
std::string read_type(const Json& model, const std::string& where) {
  const char* guess = model.contains("merges")   ? "BPE"
                      : model.contains("unk_id") ? "Unigram"
                      : model.contains("continuing_subword_prefix")
                          ? "WordPiece"
                          : "WordLevel";
  const auto type = unless_absent<std::string>(model, "type", where, guess);
  if (type == "BPE" || type == "Unigram" || type == "WordPiece" ||
      type == "WordLevel") {
    return type;
  }
  fail(ErrorKind::unsupported,
       "{}: type \"{}\" is not supported (BPE, Unigram, WordPiece, WordLevel "
       "are)",
       where,
       type);
}

void read_bpe(const Json& json, const std::string& where, ModelSource& model) {
  if (value_or<double>(json, "dropout", where, 0.0) != 0.0) {
    fail(ErrorKind::unsupported,
         "{}: \"dropout\" cuts words at random, which is not supported",
         where);
  }
  model.vocabulary = read_vocabulary(json, where);
  model.merges = read_merges(json, where);
  BpeOptions& options = model.bpe;
  options.byte_fallback = value_or<bool>(json, "byte_fallback", where, false);
  options.fuse_unknown = value_or<bool>(json, "fuse_unk", where, false);
  options.ignore_merges = value_or<bool>(json, "ignore_merges", where, false);
  options.continuing_prefix =
      value_or<std::string>(json, "continuing_subword_prefix", where, "");
  options.end_suffix =
      value_or<std::string>(json, "end_of_word_suffix", where, "");
  if (json.contains("unk_token") && !json.at("unk_token").is_null()) {
    options.unknown = require<std::string>(json, "unk_token", where);
  }
}

void read_unigram(const Json& json,
                  const std::string& where,
                  ModelSource& model) {
  model.bpe.byte_fallback =
      unless_absent<bool>(json, "byte_fallback", where, false);
  if (json.contains("unk_id") && !json.at("unk_id").is_null()) {
    model.unk_id = require<int64_t>(json, "unk_id", where);
  }
  for (const Json& item : require<std::vector<Json>>(json, "vocab", where)) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() ||
        !item[1].is_number()) {
      fail(ErrorKind::format,
           "{}: vocab: entry {} is not [piece, score]",
           where,
           model.scores.size());
    }
    model.vocabulary.emplace_back(item[0].get<std::string>(),
                                  static_cast<int64_t>(model.scores.size()));
    model.scores.push_back(item[1].get<double>());
  }
}

void read_words(const Json& json,
                const std::string& where,
                ModelSource& model) {
  model.vocabulary = read_vocabulary(json, where);
  WordPieceOptions& options = model.word_piece;
  options.unknown = require<std::string>(json, "unk_token", where);
  options.whole_words = model.type == "WordLevel";
  if (options.whole_words) return;
  options.continuing_prefix =
      require<std::string>(json, "continuing_subword_prefix", where);
  options.longest_word =
      require<int64_t>(json, "max_input_chars_per_word", where);
}

ModelSource read_model(const Json& json, const std::string& where) {
  if (!json.is_object()) {
    fail(ErrorKind::format, "{}: is not a JSON object", where);
  }
  ModelSource model;
  model.type = read_type(json, where);
  if (model.type == "BPE") {
    read_bpe(json, where, model);
  } else if (model.type == "Unigram") {
    read_unigram(json, where, model);
  } else {
    read_words(json, where, model);
  }
  return model;
}

std::vector<AddedToken> read_added(const Json& json, const std::string& where) {
  const std::string place = where + ": added_tokens";
  std::vector<AddedToken> tokens;
  for (const Json& item : unless_absent<std::vector<Json>>(
           json, "added_tokens", where, std::vector<Json>())) {
    tokens.push_back(read_added_token(item, place));
    tokens.back().id = require<int64_t>(item, "id", place);
  }
  return tokens;
}

/// An optional part, of which null is as good as nothing.
Json part(const Json& json, const char* key, const std::string& where) {
  const Json found = value_or<Json>(json, key, where, Json());
  if (found.is_null() || found.is_object()) return found;
  fail(ErrorKind::format, "{}: \"{}\" is not an object or null", where, key);
}

}  // namespace

TokenizerSource parse_tokenizer_json(std::string_view text,
                                     const std::string& where) {
  const Json json = parse_json(text, where);
  if (!json.is_object() || !json.contains("model")) {
    fail(ErrorKind::format, "{}: has no \"model\"", where);
  }
  const auto version =
      unless_absent<std::string>(json, "version", where, "1.0");
  if (version != "1.0") {
    fail(ErrorKind::unsupported,
         "{}: \"version\" {} is not supported (1.0 is)",
         where,
         version);
  }
  TokenizerSource source;
  source.where = where;
  source.model = read_model(json.at("model"), where + ": model");
  source.normalizer = part(json, "normalizer", where);
  source.pre_tokenizer = part(json, "pre_tokenizer", where);
  source.post_processor = part(json, "post_processor", where);
  source.decoder = part(json, "decoder", where);
  source.added = read_added(json, where);
  // Neither cuts nor pads a text by itself: transformers asks for that.
  part(json, "truncation", where);
  const Json padding = part(json, "padding", where);
  if (!padding.is_null()) {
    source.pad_token =
        require<std::string>(padding, "pad_token", where + ": padding");
  }
  return source;
}

std::unique_ptr<Tokenizer> read_tokenizer_json(std::string_view text,
                                               const TokenizerConfig& config,
                                               const std::string& where) {
  return set_up_tokenizer(parse_tokenizer_json(text, where), config);
}

}  // namespace lineas
