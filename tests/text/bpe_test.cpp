#include "lineas/text/bpe.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/base/seed.h"
#include "lineas/text/byte_alphabet.h"

namespace lineas {
namespace {

using Ids = std::vector<int64_t>;

Ids encode(const Bpe& bpe, std::string_view word) {
  Ids ids;
  bpe.encode(word, ids);
  return ids;
}

const Vocabulary kLetters = {
    {"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"bc", 4}, {"abc", 5}, {"aa", 6}};

TEST(Bpe, LowestRankFirstThenLeftmost) {
  const Bpe bpe(kLetters, {{"b", "c"}, {"a", "b"}, {"a", "bc"}}, {}, "t");
  EXPECT_EQ(encode(bpe, "abc"), Ids{5});
  EXPECT_EQ(encode(bpe, "ab"), Ids{3});
  const Bpe left(kLetters, {{"a", "a"}}, {}, "t");
  EXPECT_EQ(encode(left, "aaa"), (Ids{6, 0}));
}

TEST(Bpe, AMergeMayBlockAnother) {
  const Bpe bpe(kLetters, {{"a", "b"}, {"b", "c"}, {"a", "bc"}}, {}, "t");
  EXPECT_EQ(encode(bpe, "abc"), (Ids{3, 2}));
}

TEST(Bpe, IgnoreMergesTakesAWholeEntry) {
  BpeOptions options;
  EXPECT_EQ(encode(Bpe(kLetters, {}, options, "t"), "abc"), (Ids{0, 1, 2}));
  options.ignore_merges = true;
  EXPECT_EQ(encode(Bpe(kLetters, {}, options, "t"), "abc"), Ids{5});
}

TEST(Bpe, ByteFallbackAndUnknown) {
  const Vocabulary vocabulary = {
      {"<unk>", 0}, {"a", 1}, {"<0xC3>", 2}, {"<0xA9>", 3}};
  BpeOptions options;
  options.byte_level = false;
  options.byte_fallback = true;
  options.unknown = "<unk>";
  const std::string word = "a\xc3\xa9\xc3\xa8\xc3\xa8";  // é has bytes, è not
  EXPECT_EQ(encode(Bpe(vocabulary, {}, options, "t"), word),
            (Ids{1, 2, 3, 0, 0}));
  options.fuse_unknown = true;
  EXPECT_EQ(encode(Bpe(vocabulary, {}, options, "t"), word), (Ids{1, 2, 3, 0}));
}

TEST(Bpe, MergesOutsideTheVocabularyAreRefused) {
  EXPECT_THROW(Bpe(kLetters, {{"c", "a"}}, {}, "t"), Error);
  EXPECT_THROW(Bpe(kLetters, {{"a", "d"}}, {}, "t"), Error);
}

/// The definition, word for word: join the best pair until there is none.
Ids slow_encode(const Vocabulary& vocabulary,
                const MergeList& merges,
                const std::string& word) {
  std::vector<std::string> units;
  for (const char c : word) units.emplace_back(1, c);
  while (true) {
    size_t best = merges.size();
    size_t place = 0;
    for (size_t i = 0; i + 1 < units.size(); ++i) {
      for (size_t rank = 0; rank < best; ++rank) {
        if (merges[rank] == std::pair(units[i], units[i + 1])) {
          best = rank;
          place = i;
        }
      }
    }
    if (best == merges.size()) break;
    units[place] += units[place + 1];
    units.erase(units.begin() + static_cast<int64_t>(place) + 1);
  }
  Ids ids;
  for (const std::string& unit : units) {
    for (const auto& [token, id] : vocabulary) {
      if (token == unit) ids.push_back(id);
    }
  }
  return ids;
}

TEST(Bpe, AgreesWithTheDefinitionOnRandomMergeLists) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    Vocabulary vocabulary = {{"a", 0}, {"b", 1}, {"c", 2}};
    MergeList merges;
    for (int i = 0; i < 12; ++i) {
      const std::string left =
          vocabulary[random.below(vocabulary.size())].first;
      const std::string right =
          vocabulary[random.below(vocabulary.size())].first;
      bool known = false;
      for (const auto& [token, id] : vocabulary) known |= token == left + right;
      if (known) continue;
      merges.emplace_back(left, right);
      vocabulary.emplace_back(left + right,
                              static_cast<int64_t>(vocabulary.size()));
    }
    std::string word;
    for (int i = 0; i < 24; ++i) word += "abc"[random.below(3)];
    const Bpe bpe(vocabulary, merges, {}, "t");
    EXPECT_EQ(encode(bpe, word), slow_encode(vocabulary, merges, word));
  }
}

TEST(ByteAlphabet, SpellsEveryByteAndBack) {
  EXPECT_EQ(spelling_of_bytes(" "), "\xc4\xa0");  // Ġ
  EXPECT_EQ(byte_alphabet().substr(0, 2), "!\"");
  const std::string all = byte_alphabet();
  EXPECT_EQ(all.size(), 256u);
  EXPECT_EQ(bytes_of_spelling(spelling_of_bytes(all)), all);
  EXPECT_FALSE(bytes_of_spelling("two words").has_value());
}

}  // namespace
}  // namespace lineas
