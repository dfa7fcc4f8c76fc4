// Any bytes as a tokenizer and a text. The first byte chooses what they are:
//   0  a tokenizer.json, a zero byte, the text
//   1  merges.txt (the vocabulary follows from it), a zero byte, the text
//   2  a sentencepiece model, two zero bytes, the text
// What is accepted must encode without crashing, decode alike at once and id
// by id, and, where bytes are the units, give the text back.
#include <cstdlib>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/sentencepiece_source.h"
#include "lineas/text/tokenizer_json.h"
#include "lineas/text/tokenizer_setup.h"
#include "lineas/text/vocab_merges.h"

namespace {

using namespace lineas;

void check(bool holds) {
  if (!holds) std::abort();
}

std::vector<int64_t> check_round(const Tokenizer& tokenizer,
                                 std::string_view text) {
  const std::vector<int64_t> ids = tokenizer.encode(text);
  for (const bool skip : {false, true}) {
    StreamDecoder stream(tokenizer, skip);
    std::string streamed;
    for (const int64_t id : ids) {
      check(id >= 0);
      const std::string piece = stream.push(id);
      check(!find_invalid_utf8(piece));
      streamed += piece;
    }
    streamed += stream.finish();
    check(streamed == tokenizer.decode(ids, skip));
  }
  for (const int64_t id : ids) tokenizer.token_bytes(id);
  return ids;
}

void check_merges(std::string_view head, std::string_view text) {
  const MergeList merges = parse_merges(head, "merges.txt");
  TokenizerConfig config;
  config.has_class = true;  // no clean-up: what comes back is what went in
  const auto tokenizer = make_vocab_merges_tokenizer(
      vocabulary_of(merges), merges, config, "merges.txt");
  const std::vector<int64_t> ids = check_round(*tokenizer, text);
  check(tokenizer->decode(ids) == text);
}

void check_model(std::string_view input) {
  const size_t cut =
      std::min(input.find(std::string_view("\0\0", 2)), input.size());
  TokenizerConfig config;
  config.tokenizer_class = "T5Tokenizer";
  SetupOptions options;
  options.from_model = true;
  const auto tokenizer = set_up_tokenizer(
      read_sentencepiece(input.substr(0, cut), config, "t.model"),
      config,
      options);
  check_round(*tokenizer, input.substr(std::min(cut + 2, input.size())));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1,
                               size - 1);
  const size_t cut = std::min(input.find('\0'), input.size());
  const std::string_view head = input.substr(0, cut);
  const std::string_view text = input.substr(std::min(cut + 1, input.size()));
  try {
    switch (data[0] % 3) {
      case 0:
        check_round(*read_tokenizer_json(head, TokenizerConfig(), "fuzz"),
                    text);
        break;
      case 1:
        check_merges(head, text);
        break;
      default:
        check_model(input);
    }
  } catch (const Error&) {
  }
  return 0;
}
