#include "lineas/text/sentencepiece_source.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/charsmap.h"
#include "lineas/text/sentencepiece_model.h"

namespace lineas {
namespace {

using Scored = std::vector<std::pair<std::string, double>>;

constexpr const char* kMark = "\xe2\x96\x81";  // U+2581, a space in pieces
constexpr const char* kTabByte = "<0x09>";

/// How the classes differ.
enum class Kind { llama, gemma, t5 };

Kind kind_of(const TokenizerConfig& config, const std::string& where) {
  const std::string& name = config.tokenizer_class;
  if (name.empty() || name == "LlamaTokenizer") return Kind::llama;
  if (name == "GemmaTokenizer") return Kind::gemma;
  if (name == "T5Tokenizer") return Kind::t5;
  fail(ErrorKind::unsupported,
       "{}: without a tokenizer.json it is read for LlamaTokenizer, "
       "GemmaTokenizer and T5Tokenizer, not for {}",
       where,
       name);
}

/// A configured token's text, or what the class calls it.
std::string token_name(const TokenizerConfig& config,
                       const std::string& key,
                       const std::string& by_class) {
  const auto said = config.specials.find(key);
  if (said == config.specials.end()) return by_class;
  return said->second ? said->second->token.content : by_class;
}

/// The first three entries go by other names than the model's.
void rename_first(const std::vector<std::string>& names, Scored& scored) {
  for (size_t id = 0; id < names.size() && id < scored.size(); ++id) {
    scored[id] = {names[id], 0.0};
  }
}

/// Added tokens that a configuration names by id come before pieces.
std::vector<std::string> llama_names(const TokenizerConfig& config,
                                     const Scored& scored) {
  std::vector<std::string> names;
  for (size_t id = 0; id < 3 && id < scored.size(); ++id) {
    names.push_back(scored[id].first);
    for (const auto* tokens :
         {config.added_tokens_decoder ? &*config.added_tokens_decoder : nullptr,
          &config.added_tokens}) {
      if (tokens == nullptr) continue;
      const auto found = tokens->find(static_cast<int64_t>(id));
      if (found != tokens->end()) names.back() = found->second.content;
    }
  }
  return names;
}

/// Old Gemma models lack a tab; its byte stands for it.
void give_tab(Scored& scored) {
  const auto find = [&](const char* name) {
    return std::find_if(scored.begin(), scored.end(), [&](const auto& item) {
      return item.first == name;
    });
  };
  if (find("\t") != scored.end()) return;
  const auto byte = find(kTabByte);
  if (byte != scored.end()) *byte = {"\t", 0.0};
}

void append_sentinels(const TokenizerConfig& config, Scored& scored) {
  const auto count =
      unless_absent<int64_t>(config.values, "extra_ids", config.where, 100);
  constexpr int64_t kMost = 100000;
  for (int64_t i = std::min(count, kMost); i-- > 0;) {
    scored.emplace_back(fmt::format("<extra_id_{}>", i), 0.0);
  }
}

Scored scored_pieces(const SentencePieceModel& model,
                     const TokenizerConfig& config,
                     Kind kind) {
  Scored scored;
  for (const SentencePiece& piece : model.pieces) {
    scored.emplace_back(piece.text, piece.score);
  }
  if (kind == Kind::llama) rename_first(llama_names(config, scored), scored);
  if (kind == Kind::gemma) {
    rename_first({token_name(config, "pad_token", "<pad>"),
                  token_name(config, "eos_token", "<eos>"),
                  token_name(config, "bos_token", "<bos>")},
                 scored);
    give_tab(scored);
  }
  if (kind == Kind::t5) append_sentinels(config, scored);
  return scored;
}

/// As the library counts: of one spelling twice the last counts, at the place
/// of the first.
Vocabulary vocabulary_of_scored(const Scored& scored) {
  Vocabulary vocabulary;
  std::unordered_map<std::string, size_t> places;
  for (size_t id = 0; id < scored.size(); ++id) {
    const auto [at, is_new] =
        places.emplace(scored[id].first, vocabulary.size());
    if (is_new) {
      vocabulary.emplace_back(scored[id].first, static_cast<int64_t>(id));
    } else {
      vocabulary[at->second].second = static_cast<int64_t>(id);
    }
  }
  return vocabulary;
}

void fill_model(const SentencePieceModel& model,
                const TokenizerConfig& config,
                Kind kind,
                ModelSource& source) {
  const Scored scored = scored_pieces(model, config, kind);
  source.bpe.byte_fallback = kind != Kind::t5;
  if (model.is_bpe) {
    source.type = "BPE";
    source.bpe.fuse_unknown = true;
    source.bpe.unknown = model.unk_piece;
    source.vocabulary = vocabulary_of_scored(scored);
    Vocabulary pieces;
    bool has_tab = kind != Kind::gemma;
    std::optional<int64_t> tab;
    for (size_t id = 0; id < model.pieces.size(); ++id) {
      const std::string& text = model.pieces[id].text;
      pieces.emplace_back(text, static_cast<int64_t>(id));
      has_tab |= text == "\t";
      if (text == kTabByte) tab = static_cast<int64_t>(id);
    }
    if (!has_tab && tab) pieces.emplace_back("\t", *tab);
    source.merges = merges_of_pieces(scored, pieces);
    return;
  }
  source.type = "Unigram";
  source.unk_id = kind == Kind::llama   ? 0
                  : kind == Kind::gemma ? 3
                                        : model.unk_id;
  for (const auto& [piece, score] : scored) {
    source.vocabulary.emplace_back(piece,
                                   static_cast<int64_t>(source.scores.size()));
    source.scores.push_back(score);
  }
}

Json replace(const char* from, const char* to) {
  return {
      {"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

Json metaspace(bool prefix, bool legacy) {
  const char* scheme = !prefix ? "never" : legacy ? "always" : "first";
  return {{"type", "Metaspace"},
          {"replacement", kMark},
          {"prepend_scheme", scheme},
          {"split", true}};
}

void add_llama_parts(const TokenizerConfig& config, TokenizerSource& source) {
  const bool prefix = config.flag("add_prefix_space", true);
  const bool legacy = config.maybe("legacy").value_or(true);
  if (legacy) {
    Json steps = Json::array();
    if (prefix) steps.push_back({{"type", "Prepend"}, {"prepend", kMark}});
    steps.push_back(replace(" ", kMark));
    source.normalizer = {{"type", "Sequence"}, {"normalizers", steps}};
  } else {
    source.pre_tokenizer = metaspace(prefix, false);
    source.pre_tokenizer["split"] = false;
  }
  Json decoders = {
      replace(kMark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (prefix) {
    decoders.push_back(
        {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  source.decoder = {{"type", "Sequence"}, {"decoders", decoders}};
}

void add_gemma_parts(TokenizerSource& source) {
  source.normalizer = replace(" ", kMark);
  source.pre_tokenizer = {{"type", "Split"},
                          {"pattern", {{"String", " "}}},
                          {"behavior", "MergedWithPrevious"},
                          {"invert", false}};
  source.decoder = {
      {"type", "Sequence"},
      {"decoders",
       {replace(kMark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}}}};
}

void add_t5_parts(const SentencePieceModel& model,
                  const TokenizerConfig& config,
                  TokenizerSource& source) {
  const bool prefix = config.flag("add_prefix_space", true);
  const bool legacy = config.maybe("legacy").value_or(true);
  Json steps = Json::array();
  if (!model.charsmap.empty()) {
    steps.push_back({{"type", "Precompiled"},
                     {"precompiled_charsmap", encode_base64(model.charsmap)}});
  }
  steps.push_back(
      {{"type", "Strip"}, {"strip_left", false}, {"strip_right", true}});
  steps.push_back({{"type", "Replace"},
                   {"pattern", {{"Regex", " {2,}"}}},
                   {"content", kMark}});
  source.normalizer = {{"type", "Sequence"}, {"normalizers", steps}};
  source.pre_tokenizer = metaspace(prefix, legacy);
  source.decoder = metaspace(prefix, legacy);
  int64_t end = model.unk_id;
  for (const auto& [piece, id] : source.model.vocabulary) {
    if (piece == "</s>") end = id;
  }
  const Json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const Json eos = {{"SpecialToken", {{"id", "</s>"}, {"type_id", 0}}}};
  source.post_processor = {
      {"type", "TemplateProcessing"},
      {"single", {text, eos}},
      {"special_tokens",
       {{"</s>", {{"id", "</s>"}, {"ids", {end}}, {"tokens", {"</s>"}}}}}}};
}

/// Control pieces are special, user-defined ones are found in texts.
void add_tokens(const SentencePieceModel& model,
                Kind kind,
                TokenizerSource& source) {
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    const bool control = piece.type == PieceType::control;
    if (!control && piece.type != PieceType::user_defined) continue;
    AddedToken token;
    token.content = piece.text;
    token.id = static_cast<int64_t>(id);
    token.special =
        control || (kind == Kind::gemma && (piece.text == "<start_of_turn>" ||
                                            piece.text == "<end_of_turn>"));
    token.normalized = false;
    source.added.push_back(token);
  }
}

}  // namespace

MergeList merges_of_pieces(
    const std::vector<std::pair<std::string, double>>& scored,
    const Vocabulary& pieces) {
  struct Candidate {
    double score;
    int64_t left_id, right_id;
    size_t left_length, right_length;  // in characters
    std::string_view left, right;
  };
  const std::unordered_map<std::string, int64_t> ids(pieces.begin(),
                                                     pieces.end());
  std::unordered_map<std::string_view, size_t> last;  // of one spelling twice
  for (size_t i = 0; i < scored.size(); ++i) last[scored[i].first] = i;
  std::vector<Candidate> candidates;
  for (const auto& [piece, own_score] : scored) {
    const auto entry = last.find(piece);
    if (entry == last.end()) continue;
    const double score = scored[entry->second].second;
    last.erase(entry);
    const size_t first = candidates.size();
    std::vector<size_t> cuts;
    for (size_t at = 0; at < piece.size();
         at += std::max<size_t>(
             utf8_length(static_cast<unsigned char>(piece[at])), 1)) {
      cuts.push_back(at);
    }
    for (size_t i = 1; i < cuts.size(); ++i) {
      const auto left = ids.find(piece.substr(0, cuts[i]));
      if (left == ids.end()) continue;
      const auto right = ids.find(piece.substr(cuts[i]));
      if (right == ids.end()) continue;
      candidates.push_back({score,
                            left->second,
                            right->second,
                            i,
                            cuts.size() - i,
                            left->first,
                            right->first});
    }
    std::stable_sort(candidates.begin() + static_cast<ptrdiff_t>(first),
                     candidates.end(),
                     [](const Candidate& a, const Candidate& b) {
                       return std::tie(a.left_id, a.right_id) <
                              std::tie(b.left_id, b.right_id);
                     });
  }
  std::stable_sort(candidates.begin(),
                   candidates.end(),
                   [](const Candidate& a, const Candidate& b) {
                     return std::tie(a.score, a.left_length, a.right_length) >
                            std::tie(b.score, b.left_length, b.right_length);
                   });
  MergeList merges;
  merges.reserve(candidates.size());
  for (const Candidate& item : candidates) {
    merges.emplace_back(item.left, item.right);
  }
  return merges;
}

TokenizerSource read_sentencepiece(std::string_view bytes,
                                   const TokenizerConfig& config,
                                   const std::string& where) {
  const Kind kind = kind_of(config, where);
  const SentencePieceModel model = parse_sentencepiece(bytes, where);
  TokenizerSource source;
  source.where = where;
  fill_model(model, config, kind, source.model);
  if (kind == Kind::llama) add_llama_parts(config, source);
  if (kind == Kind::gemma) add_gemma_parts(source);
  if (kind == Kind::t5) add_t5_parts(model, config, source);
  add_tokens(model, kind, source);
  return source;
}

}  // namespace lineas
