// Which id an added token gets, and which of two entries counts.
// Expected: tokenizers 0.22, Tokenizer.add_tokens.
#include "lineas/text/added_vocabulary.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

AddedToken token(const std::string& content, bool special = false) {
  AddedToken result;
  result.content = content;
  result.special = special;
  return result;
}

TEST(AddedVocabulary, IdsFollowFromTheVocabulary) {
  AddedVocabulary added({{"a", 0}, {"b", 1}});
  added.add({token("b"), token("x"), token(""), token("y", true)});
  EXPECT_EQ(added.id_of("b"), 1);
  EXPECT_EQ(added.id_of("x"), 2);
  EXPECT_EQ(added.id_of("y"), 3);
  EXPECT_EQ(added.id_of("a"), 0);
  EXPECT_FALSE(added.id_of("z").has_value());
  EXPECT_TRUE(added.is_special("y"));
  EXPECT_EQ(added.by_id().size(), 3u);
}

TEST(AddedVocabulary, TheLastFlagsCountTheFirstFormIsSearchedToo) {
  AddedVocabulary added({{"a", 0}});
  AddedToken again = token("x");
  again.lstrip = true;
  again.normalized = false;
  added.add({token("x")});
  added.add({again});
  EXPECT_EQ(added.by_id().size(), 1u);
  const std::vector<AddedToken> searched = added.searched();
  ASSERT_EQ(searched.size(), 2u);
  EXPECT_TRUE(searched[0].is_normalized());
  EXPECT_FALSE(searched[1].is_normalized());
  EXPECT_TRUE(searched[0].lstrip && searched[1].lstrip);
}

}  // namespace
}  // namespace lineas
