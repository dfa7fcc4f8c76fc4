// The models beside BPE, on vocabularies small enough to work out by hand.
// Expected ids: tokenizers 0.22.
#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/text/tokenizer_source.h"
#include "lineas/text/unigram.h"
#include "lineas/text/word_piece.h"

namespace lineas {
namespace {

using Ids = std::vector<int64_t>;

template <typename Model>
Ids encode(const Model& model, std::string_view word) {
  Ids ids;
  model.encode(word, ids);
  return ids;
}

const ScoredPieces kPieces = {{"<unk>", 0.0},
                              {"a", 0.0},
                              {"b", 0.0},
                              {"c", 0.0},
                              {"d", 0.0},
                              {"cd", 1.0},
                              {"ab", 2.0},
                              {"abc", 5.0},
                              {"abcd", 10.0}};

TEST(Unigram, TakesTheBestSumAndFusesTheUnknown) {
  const Unigram model(kPieces, 0, false, "t");
  EXPECT_EQ(encode(model, "abcdacdxx"), (Ids{8, 1, 5, 0}));
  EXPECT_EQ(encode(model, "xaxx"), (Ids{0, 1, 0}));
}

TEST(Unigram, UnknownCharactersMayBecomeBytes) {
  const ScoredPieces pieces = {{"<unk>", 0}, {"a", 0}, {"<0x78>", 0}};
  EXPECT_EQ(encode(Unigram(pieces, 0, true, "t"), "axx"), (Ids{1, 2, 2}));
  EXPECT_EQ(encode(Unigram(pieces, 0, true, "t"), "axy"), (Ids{1, 0}));
  EXPECT_THROW(encode(Unigram(pieces, {}, false, "t"), "x"), Error);
  EXPECT_THROW(Unigram(pieces, 3, false, "t"), Error);
}

TEST(WordPiece, LongestPieceFirst) {
  const Vocabulary words = {
      {"[UNK]", 0}, {"ab", 1}, {"##c", 2}, {"a", 3}, {"##bc", 4}};
  WordPieceOptions options;
  EXPECT_EQ(encode(WordPiece(words, options, "t"), "abc"), (Ids{1, 2}));
  EXPECT_EQ(encode(WordPiece(words, options, "t"), "abx"), Ids{0});
  options.longest_word = 2;
  EXPECT_EQ(encode(WordPiece(words, options, "t"), "abc"), Ids{0});
  options.whole_words = true;
  EXPECT_EQ(encode(WordPiece(words, options, "t"), "##c"), Ids{2});
  options.unknown = "?";
  EXPECT_THROW(encode(WordPiece(words, options, "t"), "x"), Error);
}

TEST(MakeWordEncoder, SpellsBytesWhereASuffixWantsCharacters) {
  ModelSource model;
  model.vocabulary = {{"\xc4\xa0", 0}, {"a</w>", 1}};
  model.bpe.end_suffix = "</w>";
  Ids ids;
  make_word_encoder(model, true, "t")(" a", ids);
  EXPECT_EQ(ids, (Ids{0, 1}));
}

}  // namespace
}  // namespace lineas
