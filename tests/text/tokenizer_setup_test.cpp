// What a configuration changes in a tokenizer.json. Expected: AutoTokenizer of
// transformers 4.57 on the same two files.
#include "lineas/text/tokenizer_setup.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/text/pipeline.h"
#include "lineas/text/sentencepiece_model.h"
#include "lineas/text/sentencepiece_source.h"
#include "lineas/text/tokenizer_class.h"

namespace lineas {
namespace {

TokenizerSource source() {
  TokenizerSource made;
  made.where = "t.json";
  made.model.vocabulary = {{"a", 0}, {"b", 1}, {"\xc4\xa0", 2}, {"<s>", 3}};
  made.pre_tokenizer = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  made.decoder = {{"type", "ByteLevel"}};
  return made;
}

TokenizerConfig config(const std::string& name, Json values) {
  TokenizerConfig made;
  made.tokenizer_class = name;
  made.has_class = true;
  made.values = std::move(values);
  return made;
}

TEST(SetUpTokenizer, ThePrefixSpaceIsTheConfigurations) {
  const auto on = set_up_tokenizer(
      source(), config("GPT2Tokenizer", {{"add_prefix_space", true}}));
  EXPECT_EQ(on->encode("a"), (std::vector<int64_t>{2, 0}));
  TokenizerSource spaced = source();
  spaced.pre_tokenizer["add_prefix_space"] = true;
  EXPECT_TRUE(prefixes_space(spaced));
  const auto off = set_up_tokenizer(spaced, config("", Json::object()));
  EXPECT_EQ(off->encode("a"), std::vector<int64_t>{0});
}

TEST(SetUpTokenizer, ClassesPutBosAndEosAround) {
  TokenizerConfig llama = config("LlamaTokenizer", {{"add_eos_token", true}});
  const auto tokenizer = set_up_tokenizer(source(), llama);
  EXPECT_EQ(tokenizer->encode("a"), (std::vector<int64_t>{3, 0, 4}));
  EXPECT_EQ(tokenizer->id_of("<unk>"), 5);
  llama.specials["bos_token"] = std::nullopt;
  EXPECT_THROW(set_up_tokenizer(source(), llama), Error);
  EXPECT_THROW(find_tokenizer_class(config("BertTokenizer", {})), Error);
}

// Expected: transformers 5.3, the only one that loads these.
TEST(SetUpTokenizer, OfTransformers5TokenizerJsonDecides) {
  TokenizerSource spaced = source();
  spaced.pre_tokenizer["add_prefix_space"] = true;
  TokenizerConfig five =
      config("TokenizersBackend",
             {{"add_prefix_space", false}, {"add_bos_token", true}});
  five.is_of_5 = true;
  EXPECT_EQ(set_up_tokenizer(spaced, five)->encode("a"),
            (std::vector<int64_t>{2, 0}));
  EXPECT_EQ(set_up_tokenizer(source(), five)->encode("a"),
            std::vector<int64_t>{0});
  TokenizerConfig llama = config("LlamaTokenizer", Json::object());
  EXPECT_EQ(set_up_tokenizer(source(), llama)->encode("a"),
            (std::vector<int64_t>{3, 0}));
  llama.is_of_5 = true;
  EXPECT_EQ(set_up_tokenizer(source(), llama)->encode("a"),
            std::vector<int64_t>{0});
}

TEST(SetUpTokenizer, SpecialTokensMayBeText) {
  TokenizerConfig split = config("", {{"split_special_tokens", true}});
  SpecialToken bos;
  bos.token.content = "b";
  split.specials["bos_token"] = bos;
  EXPECT_EQ(set_up_tokenizer(source(), split)->encode("ab"),
            (std::vector<int64_t>{0, 1}));
}

TEST(MergesOfPieces, BestScoreThenLongestParts) {
  const Vocabulary pieces = {{"a", 0}, {"b", 1}, {"ab", 2}, {"aba", 3}};
  const MergeList merges = merges_of_pieces(
      {{"a", 0.0}, {"b", 0.0}, {"ab", -1.0}, {"aba", -0.5}}, pieces);
  EXPECT_EQ(merges, (MergeList{{"ab", "a"}, {"a", "b"}}));
}

TEST(SentencePieceModel, PiecesThatCannotBeAreRefused) {
  // One piece "a" of type unknown, twice.
  const std::string piece =
      "\x0a\x05\x0a\x01"
      "a\x18\x02";
  EXPECT_EQ(parse_sentencepiece(piece, "t").pieces.size(), 1u);
  EXPECT_THROW(parse_sentencepiece(piece + piece, "t"), Error);
  EXPECT_THROW(parse_sentencepiece("", "t"), Error);
}

}  // namespace
}  // namespace lineas
