#include "lineas/text/pipeline.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/added_tokens.h"

namespace lineas {
namespace {

std::vector<AddedToken> select(const std::vector<AddedToken>& tokens,
                               bool normalized,
                               const Normalizer& normalizer) {
  std::vector<AddedToken> chosen;
  for (const AddedToken& token : tokens) {
    if (token.normalized != normalized) continue;
    chosen.push_back(token);
    if (normalized) chosen.back().content = normalizer(token.content);
  }
  return chosen;
}

class PipelineTokenizer : public Tokenizer {
 public:
  PipelineTokenizer(TokenizerParts parts, std::string_view where)
      : tokens_(parts.vocabulary, parts.added, where),
        raw_(select(parts.added, false, parts.normalizer)),
        normalized_(select(parts.added, true, parts.normalizer)),
        parts_(std::move(parts)) {
    parts_.vocabulary.clear();
    parts_.vocabulary.shrink_to_fit();
  }

  std::vector<int64_t> encode(std::string_view text,
                              bool add_special) const override {
    const std::optional<size_t> invalid = find_invalid_utf8(text);
    if (invalid) {
      fail(ErrorKind::format,
           "the text to encode is not UTF-8 at byte {}",
           *invalid);
    }
    std::vector<int64_t> ids;
    if (add_special) ids = parts_.before;
    for (const TextPiece& piece : raw_.split(text)) {
      if (piece.id >= 0) {
        ids.push_back(piece.id);
      } else {
        encode_text(piece.text, piece.text.data() == text.data(), ids);
      }
    }
    if (add_special) {
      ids.insert(ids.end(), parts_.after.begin(), parts_.after.end());
    }
    return ids;
  }

  std::unique_ptr<DecodeStream> decode_stream(
      bool skip_special) const override {
    return make_decode_stream(tokens_, parts_.decoding, skip_special);
  }

  int64_t vocab_size() const override { return tokens_.size(); }
  std::optional<int64_t> bos_id() const override { return parts_.bos_id; }
  std::optional<int64_t> eos_id() const override { return parts_.eos_id; }
  std::optional<int64_t> id_of(std::string_view token) const override {
    return tokens_.id_of(token);
  }
  bool is_special(int64_t id) const override { return tokens_.is_special(id); }
  std::string token_bytes(int64_t id) const override {
    const std::string* spelling = tokens_.spelling(id);
    return spelling == nullptr ? ""
                               : bytes_of_token(*spelling, parts_.decoding);
  }

 private:
  /// Text between added tokens that are found before normalising.
  void encode_text(std::string_view text,
                   bool at_start,
                   std::vector<int64_t>& ids) const {
    std::string changed;
    if (!parts_.normalizer.empty()) {
      changed = parts_.normalizer(text);
      text = changed;
    }
    for (const TextPiece& piece : normalized_.split(text)) {
      if (piece.id >= 0) {
        ids.push_back(piece.id);
        continue;
      }
      const bool first = at_start && piece.text.data() == text.data();
      for (const Word& word : parts_.pre_tokenizer(piece.text, first)) {
        parts_.encode_word(word.text, ids);
      }
    }
  }

  TokenTable tokens_;
  AddedTokens raw_;
  AddedTokens normalized_;
  TokenizerParts parts_;
};

/// Linear: vocabularies are searched for a handful of names only.
std::optional<int64_t> id_in(const TokenizerParts& parts,
                             const std::string& name) {
  for (const AddedToken& token : parts.added) {
    if (token.content == name) return token.id;
  }
  for (const auto& [token, id] : parts.vocabulary) {
    if (token == name) return id;
  }
  return {};
}

bool is_added(const TokenizerParts& parts, const AddedToken& token) {
  return std::any_of(
      parts.added.begin(), parts.added.end(), [&](const AddedToken& known) {
        return known.content == token.content;
      });
}

}  // namespace

std::unique_ptr<Tokenizer> make_tokenizer(TokenizerParts parts,
                                          std::string_view where) {
  return std::make_unique<PipelineTokenizer>(std::move(parts), where);
}

void add_configured_tokens(const TokenizerConfig& config,
                           TokenizerParts& parts) {
  for (AddedToken token : config.added) {
    if (std::find(config.special_names.begin(),
                  config.special_names.end(),
                  token.content) != config.special_names.end()) {
      token.special = true;
      token.normalized = false;
    }
    if (!is_added(parts, token)) parts.added.push_back(token);
  }
  for (const std::string& name : config.special_names) {
    AddedToken token;
    token.content = name;
    token.special = true;
    if (is_added(parts, token)) continue;
    const std::optional<int64_t> id = id_in(parts, name);
    if (!id) continue;
    token.id = *id;
    parts.added.push_back(token);
  }
}

void apply_special_ids(const TokenizerConfig& config,
                       bool adds_bos,
                       TokenizerParts& parts) {
  if (config.bos_token) parts.bos_id = id_in(parts, *config.bos_token);
  if (config.eos_token) parts.eos_id = id_in(parts, *config.eos_token);
  if (config.add_bos_token.value_or(adds_bos) && parts.bos_id) {
    parts.before = {*parts.bos_id};
  }
  if (config.add_eos_token.value_or(false) && parts.eos_id) {
    parts.after = {*parts.eos_id};
  }
}

}  // namespace lineas
