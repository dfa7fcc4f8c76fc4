#include "lineas/text/pipeline.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/added_tokens.h"

namespace lineas {
namespace {

/// The tokens that are searched before (or after) a text is normalised.
std::vector<AddedToken> select(const TokenizerParts& parts,
                               bool normalized,
                               std::string_view where) {
  std::vector<AddedToken> chosen;
  for (AddedToken token : parts.searched) {
    if (token.is_normalized() != normalized) continue;
    if (normalized) token.content = parts.normalizer(token.content).text;
    if (token.content.empty()) {
      fail(ErrorKind::unsupported,
           "{}: added token {}: the normalizer leaves nothing of it",
           where,
           token.id);
    }
    chosen.push_back(token);
  }
  return chosen;
}

class PipelineTokenizer : public Tokenizer {
 public:
  PipelineTokenizer(TokenizerParts parts, std::string_view where)
      : tokens_(parts.vocabulary, parts.added, where),
        raw_(select(parts, false, where), parts.splits_special),
        normalized_(select(parts, true, where), parts.splits_special),
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
    if (add_special) ids = parts_.around.before;
    for (const TextPiece& piece : raw_.split(text)) {
      if (piece.id >= 0) {
        ids.push_back(piece.id);
      } else {
        encode_text(piece.text, piece.text.data() == text.data(), ids);
      }
    }
    if (add_special) {
      ids.insert(
          ids.end(), parts_.around.after.begin(), parts_.around.after.end());
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
  std::optional<int64_t> pad_id() const override { return parts_.pad_id; }
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
    NormalizedText changed;
    if (!parts_.normalizer.empty()) {
      changed = parts_.normalizer(text);
      text = changed.text;
    }
    for (const TextPiece& piece : normalized_.split(text)) {
      if (piece.id >= 0) {
        ids.push_back(piece.id);
        continue;
      }
      const bool first =
          at_start && !changed.cut_front && piece.text.data() == text.data();
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

}  // namespace

std::unique_ptr<Tokenizer> make_tokenizer(TokenizerParts parts,
                                          std::string_view where) {
  return std::make_unique<PipelineTokenizer>(std::move(parts), where);
}

}  // namespace lineas
