// From token ids to text, one id at a time, then the clean-up of spaces. What
// the decoders of tokenizer.json ask for is written as flags where it can be
// streamed, else as a chain that needs all tokens first. There is only the
// streaming form; decoding all at once is a loop over it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineas/text/token_table.h"
#include "lineas/text/tokenizer.h"

namespace lineas {

/// What one decoder makes of a whole list of tokens.
using DecodeStep =
    std::function<std::vector<std::string>(std::vector<std::string>)>;

/// What is done to the tokens, in this order.
struct Decoding {
  std::vector<DecodeStep> chain;  // where there is one, instead of the flags
  std::string word_end;     // CLIP's "</w>": read as a space, the text trimmed
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

/// The decoders of tokenizer.json as functions, for chains.
namespace decode_steps {
DecodeStep byte_level();
DecodeStep byte_fallback();
/// The first token loses its marks where `drops_first`.
DecodeStep metaspace(std::string mark, bool drops_first);
/// All tokens become one, with `between` between them.
DecodeStep join(std::string between);
/// At most so many of a character off both ends of every token.
DecodeStep strip(std::string content, int64_t start, int64_t stop);
/// WordPiece: a space before all tokens that do not begin with the prefix.
DecodeStep word_piece(std::string prefix, bool cleans_up);
/// BPEDecoder: the suffix is a space, and nothing in the last token.
DecodeStep word_suffix(std::string suffix);
}  // namespace decode_steps

/// The byte of a token "<0xNN>".
std::optional<char> fallback_byte(std::string_view token);

/// Every `from` (nothing happens where that is empty) becomes `to`.
void replace_all(std::string& text, std::string_view from, std::string_view to);

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
