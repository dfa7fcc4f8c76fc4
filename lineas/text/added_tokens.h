// Finds added tokens ("<|im_start|>", "<s>") written out in a text and cuts
// the text there; what is between them goes on to the tokenizer's algorithm.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "lineas/text/token_table.h"

namespace lineas {

/// A stretch of text, or (id >= 0) the added token found there.
struct TextPiece {
  std::string_view text;
  int64_t id = -1;
};

class AddedTokens {
 public:
  /// `splits_special`: special tokens written in a text are text like any
  /// other.
  explicit AddedTokens(std::vector<AddedToken> tokens,
                       bool splits_special = false);

  /// Cuts valid UTF-8 at the tokens in it: leftmost first, of several at one
  /// place the longest. Views into `text`; no empty pieces.
  std::vector<TextPiece> split(std::string_view text) const;

 private:
  const AddedToken* match_at(std::string_view text, size_t at) const;

  std::vector<AddedToken> tokens_;  // longest first
  bool splits_special_;
  std::array<std::vector<size_t>, 256> by_first_byte_;
};

}  // namespace lineas
