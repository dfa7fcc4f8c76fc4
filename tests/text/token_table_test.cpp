#include "lineas/text/token_table.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"

namespace lineas {
namespace {

TEST(TokenTable, KnowsTokensByIdAndName) {
  AddedToken special;
  special.content = "<s>";
  special.id = 5;
  special.special = true;
  const TokenTable table({{"a", 0}, {"b", 2}}, {special}, "t");
  EXPECT_EQ(table.size(), 6);
  EXPECT_EQ(*table.spelling(2), "b");
  EXPECT_EQ(table.spelling(1), nullptr);
  EXPECT_EQ(table.spelling(6), nullptr);
  EXPECT_THROW(table.spelling(-1), Error);
  EXPECT_TRUE(table.is_special(5));
  EXPECT_FALSE(table.is_special(2));
  EXPECT_EQ(table.id_of("<s>"), 5);
  EXPECT_FALSE(table.id_of("c").has_value());
}

TEST(TokenTable, RefusesAbsurdIds) {
  EXPECT_THROW(TokenTable({{"a", -1}}, {}, "t"), Error);
  EXPECT_THROW(TokenTable({{"a", int64_t{1} << 40}}, {}, "t"), Error);
}

}  // namespace
}  // namespace lineas
