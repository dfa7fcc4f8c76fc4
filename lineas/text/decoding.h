// From token ids to text, one id at a time: the decoders of tokenizer.json
// that BPE tokenizers use, then the clean-up of spaces. There is only the
// streaming form; decoding all at once is a loop over it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lineas/text/token_table.h"
#include "lineas/text/tokenizer.h"

namespace lineas {

/// What is done to the tokens, in this order.
struct Decoding {
  bool byte_level = false;  // tokens spell bytes in GPT-2's alphabet
  // Otherwise tokens are text:
  std::vector<std::pair<std::string, std::string>> replacements;  // from, to
  std::string metaspace;       // read as a space, dropped in the first token
  bool keeps_first = false;    // ... unless this
  bool byte_fallback = false;  // runs of <0xNN> are bytes
  std::string strip;           // one character, taken off the front of the text
  int64_t strip_count = 0;     // at most so often
  bool clean_up = false;       // "a ." -> "a." and the like
};

/// Both references must outlive the stream.
std::unique_ptr<DecodeStream> make_decode_stream(const TokenTable& tokens,
                                                 const Decoding& decoding,
                                                 bool skip_special);

/// The bytes that one token stands for, inside a text.
std::string bytes_of_token(const std::string& spelling,
                           const Decoding& decoding);

/// The clean-up of transformers (clean_up_tokenization).
std::string clean_up_spaces(std::string text);

}  // namespace lineas
