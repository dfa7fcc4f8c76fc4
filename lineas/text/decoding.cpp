#include "lineas/text/decoding.h"

#include <array>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/byte_alphabet.h"

namespace lineas {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 10>
    kCleanUps = {{{" .", "."},
                  {" ?", "?"},
                  {" !", "!"},
                  {" ,", ","},
                  {" ' ", "'"},
                  {" n't", "n't"},
                  {" 'm", "'m"},
                  {" 's", "'s"},
                  {" 've", "'ve"},
                  {" 're", "'re"}}};
/// A clean-up can only reach over a cut that follows one of these.
constexpr std::string_view kUncertainEnds = " 'nvr";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string spelled_bytes(const std::string& token) {
  return bytes_of_spelling(token).value_or(token);
}

std::string run_chain(const Decoding& decoding,
                      std::vector<std::string> tokens) {
  if (tokens.empty()) return "";
  for (const DecodeStep& step : decoding.chain)
    tokens = step(std::move(tokens));
  return fmt::format("{}", fmt::join(tokens, ""));
}

/// The last stage of a stream: spaces before punctuation, held back while a
/// later character could still matter.
class CleanUp {
 public:
  explicit CleanUp(bool active) : active_(active) {}

  std::string push(std::string text) {
    if (!active_) return text;
    pending_ += text;
    const size_t last = pending_.find_last_not_of(kUncertainEnds);
    if (last == std::string::npos) return "";
    std::string ready = pending_.substr(0, last + 1);
    pending_.erase(0, last + 1);
    return clean_up_spaces(std::move(ready));
  }
  std::string finish() {
    return clean_up_spaces(std::exchange(pending_, std::string()));
  }

 private:
  bool active_;
  std::string pending_;
};

/// Tokens of GPT-2's alphabet: bytes that are cut at whole characters.
class ByteStream : public DecodeStream {
 public:
  ByteStream(const TokenTable& tokens, bool clean_up, bool skip_special)
      : tokens_(tokens), skip_special_(skip_special), clean_up_(clean_up) {}

  std::string push(int64_t id) override {
    const std::string* token = tokens_.spelling(id);
    if (token == nullptr) return "";
    if (skip_special_ && tokens_.is_special(id)) return "";
    bytes_ += spelled_bytes(*token);
    return take(false);
  }
  std::string finish() override {
    const std::string text = take(true);
    return text + clean_up_.finish();
  }

 private:
  std::string take(bool final) {
    std::string text;
    bytes_.erase(0, append_lossy(bytes_, final, text));
    return clean_up_.push(std::move(text));
  }

  const TokenTable& tokens_;
  bool skip_special_;
  std::string bytes_;
  CleanUp clean_up_;
};

/// Tokens that are text, with runs of byte tokens between them.
class PieceStream : public DecodeStream {
 public:
  PieceStream(const TokenTable& tokens,
              const Decoding& decoding,
              bool skip_special)
      : tokens_(tokens),
        decoding_(decoding),
        skip_special_(skip_special),
        left_to_strip_(decoding.strip_count),
        clean_up_(decoding.clean_up) {}

  std::string push(int64_t id) override {
    const std::string* token = tokens_.spelling(id);
    if (token == nullptr) return "";
    if (skip_special_ && tokens_.is_special(id)) return "";
    std::string text = *token;
    replace(text);
    first_ = false;
    if (decoding_.byte_fallback) {
      const std::optional<char> byte = fallback_byte(text);
      if (byte) {
        run_ += *byte;
        return "";
      }
    }
    return clean_up_.push(strip(take_run() + text));
  }
  std::string finish() override {
    const std::string text = clean_up_.push(strip(take_run()));
    return text + clean_up_.finish();
  }

 private:
  void replace(std::string& text) const {
    for (const auto& [from, to] : decoding_.replacements) {
      replace_all(text, from, to);
    }
    const bool dropped = first_ && !decoding_.keeps_first;
    replace_all(text, decoding_.metaspace, dropped ? "" : " ");
  }

  /// A run that is not UTF-8 as a whole becomes one U+FFFD a byte.
  std::string take_run() {
    std::string run = std::exchange(run_, std::string());
    if (!find_invalid_utf8(run)) return run;
    std::string marks;
    for (size_t i = 0; i < run.size(); ++i) marks += kReplacement;
    return marks;
  }

  std::string strip(std::string text) {
    size_t at = 0;
    while (left_to_strip_ > 0 && at < text.size()) {
      if (!std::string_view(text).substr(at).starts_with(decoding_.strip)) {
        left_to_strip_ = 0;
        break;
      }
      --left_to_strip_;
      at += decoding_.strip.size();
    }
    return text.substr(at);
  }

  const TokenTable& tokens_;
  const Decoding& decoding_;
  bool skip_special_;
  bool first_ = true;
  int64_t left_to_strip_;
  std::string run_;
  CleanUp clean_up_;
};

/// All tokens first, then the chain.
class WholeStream : public DecodeStream {
 public:
  WholeStream(const TokenTable& tokens,
              const Decoding& decoding,
              bool skip_special)
      : tokens_(tokens), decoding_(decoding), skip_special_(skip_special) {}

  std::string push(int64_t id) override {
    const std::string* token = tokens_.spelling(id);
    if (token == nullptr) return "";
    if (skip_special_ && tokens_.is_special(id)) return "";
    list_.push_back(*token);
    return "";
  }
  std::string finish() override {
    std::string text =
        run_chain(decoding_, std::exchange(list_, std::vector<std::string>()));
    if (!decoding_.word_end.empty()) {
      replace_all(text, decoding_.word_end, " ");
      text = trimmed(text);
    }
    return decoding_.clean_up ? clean_up_spaces(std::move(text)) : text;
  }

 private:
  static std::string trimmed(const std::string& text) {
    constexpr std::string_view kBlanks = " \t\n\v\f\r\x1c\x1d\x1e\x1f";
    const size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string::npos) return "";
    return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
  }

  const TokenTable& tokens_;
  const Decoding& decoding_;
  bool skip_special_;
  std::vector<std::string> list_;
};

}  // namespace

std::optional<char> fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') {
    return {};
  }
  const int high = hex_digit(token[3]);
  const int low = hex_digit(token[4]);
  if (high < 0 || low < 0) return {};
  return static_cast<char>(high << 4 | low);
}

void replace_all(std::string& text,
                 std::string_view from,
                 std::string_view to) {
  if (from.empty() || text.find(from) == std::string::npos) return;
  std::string result;
  size_t at = 0;
  for (size_t found = text.find(from); found != std::string::npos;
       found = text.find(from, at)) {
    result.append(text, at, found - at);
    result += to;
    at = found + from.size();
  }
  text = result.append(text, at);
}

std::string clean_up_spaces(std::string text) {
  for (const auto& [from, to] : kCleanUps) replace_all(text, from, to);
  return text;
}

std::unique_ptr<DecodeStream> make_decode_stream(const TokenTable& tokens,
                                                 const Decoding& decoding,
                                                 bool skip_special) {
  if (!decoding.chain.empty()) {
    return std::make_unique<WholeStream>(tokens, decoding, skip_special);
  }
  if (decoding.byte_level) {
    return std::make_unique<ByteStream>(
        tokens, decoding.clean_up, skip_special);
  }
  return std::make_unique<PieceStream>(tokens, decoding, skip_special);
}

std::string bytes_of_token(const std::string& spelling,
                           const Decoding& decoding) {
  if (!decoding.chain.empty()) return run_chain(decoding, {spelling});
  if (decoding.byte_level) return spelled_bytes(spelling);
  if (decoding.byte_fallback) {
    const std::optional<char> byte = fallback_byte(spelling);
    if (byte) return std::string(1, *byte);
  }
  std::string text = spelling;
  for (const auto& [from, to] : decoding.replacements) {
    replace_all(text, from, to);
  }
  replace_all(text, decoding.metaspace, " ");
  return text;
}

std::string Tokenizer::decode(std::span<const int64_t> ids,
                              bool skip_special) const {
  const std::unique_ptr<DecodeStream> stream = decode_stream(skip_special);
  std::string text;
  for (const int64_t id : ids) text += stream->push(id);
  return text + stream->finish();
}

}  // namespace lineas
