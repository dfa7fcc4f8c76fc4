#include "lineas/text/added_tokens.h"

#include <algorithm>

#include "lineas/base/utf8.h"
#include "lineas/text/unicode.h"

namespace lineas {
namespace {

/// Start of the last character of `text`, which is valid UTF-8 and not empty.
size_t last_character(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
  return at;
}

bool ends_with_word(std::string_view text) {
  if (text.empty()) return false;
  const Utf8Step step = next_utf8(text.substr(last_character(text)));
  return step.code && is_word(*step.code);
}

bool begins_with_word(std::string_view text) {
  const Utf8Step step = next_utf8(text);
  return step.code && is_word(*step.code);
}

size_t without_trailing_space(std::string_view text) {
  while (!text.empty()) {
    const size_t at = last_character(text);
    const Utf8Step step = next_utf8(text.substr(at));
    if (!step.code || !is_white_space(*step.code)) break;
    text = text.substr(0, at);
  }
  return text.size();
}

size_t leading_space(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Utf8Step step = next_utf8(text.substr(at));
    if (!step.code || !is_white_space(*step.code)) break;
    at += step.length;
  }
  return at;
}

bool stands_alone(std::string_view text, size_t begin, size_t end) {
  return !ends_with_word(text.substr(0, begin)) &&
         !begins_with_word(text.substr(end));
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, bool splits_special)
    : tokens_(std::move(tokens)), splits_special_(splits_special) {
  std::stable_sort(tokens_.begin(),
                   tokens_.end(),
                   [](const AddedToken& a, const AddedToken& b) {
                     return a.content.size() > b.content.size();
                   });
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].content.empty()) continue;
    const auto first = static_cast<unsigned char>(tokens_[i].content[0]);
    by_first_byte_[first].push_back(i);
  }
}

const AddedToken* AddedTokens::match_at(std::string_view text,
                                        size_t at) const {
  for (const size_t i : by_first_byte_[static_cast<unsigned char>(text[at])]) {
    if (text.substr(at).starts_with(tokens_[i].content)) return &tokens_[i];
  }
  return nullptr;
}

std::vector<TextPiece> AddedTokens::split(std::string_view text) const {
  std::vector<TextPiece> pieces;
  size_t done = 0;  // everything before is in a piece
  size_t at = 0;
  while (at < text.size()) {
    const AddedToken* token = match_at(text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at;
    size_t end = at + token->content.size();
    at = end;
    if (splits_special_ && token->special) continue;
    if (token->single_word && !stands_alone(text, begin, end)) continue;
    if (token->lstrip) {
      begin = std::max(done, without_trailing_space(text.substr(0, begin)));
    }
    if (token->rstrip) end += leading_space(text.substr(end));
    if (begin > done) pieces.push_back({text.substr(done, begin - done), -1});
    pieces.push_back({text.substr(begin, end - begin), token->id});
    done = at = end;
  }
  if (done < text.size()) pieces.push_back({text.substr(done), -1});
  return pieces;
}

}  // namespace lineas
