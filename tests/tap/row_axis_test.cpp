// Which tokens belong to which row, for every layout, against a walk by hand.
#include "lineas/tap/row_axis.h"

#include <gtest/gtest.h>

#include "lineas/tap/tap.h"
#include "tests/support/compare.h"

namespace lineas {
namespace {

using testing::error_of;

// Two rows of entries: the first has entries 0 and 1, the second 2 and 3.
PassContext two_of_four(Layout layout) {
  return {.rows = {{.row = 7, .begin = 0, .end = 2},
                   {.row = 4, .begin = 2, .end = 4}},
          .axis = Axis::entries,
          .layout = layout};
}

TEST(RowAxis, PackedTokens) {
  const PassContext context{.rows = pack_rows(std::vector<int64_t>{2, 1})};
  const Tensor x_SD = at::arange(8, at::kFloat).view({4, 2});
  const RowAxis& axis = context.row_axis(x_SD);
  EXPECT_EQ(axis.rows(), 2);
  EXPECT_EQ(axis.tokens(), 4);
  EXPECT_EQ(axis.entry_tokens(), 1);
  EXPECT_TRUE(at::equal(axis.row_of_token_S(),
                        at::tensor(std::vector<int64_t>{0, 0, 1, 2})));
  EXPECT_TRUE(
      at::equal(axis.last_tokens(), at::tensor(std::vector<int64_t>{1, 2})));
  EXPECT_TRUE(at::equal(axis.mean_BD(x_SD),
                        at::tensor({1.f, 2.f, 4.f, 5.f}).view({2, 2})));
  EXPECT_TRUE(axis.to_tokens(x_SD).is_alias_of(x_SD));
}

TEST(RowAxis, ARowIsAllOfItsEntries) {
  at::manual_seed(1);
  const Tensor x_BTD = at::randn({4, 3, 2});
  const PassContext context = two_of_four(Layout::channels_last);
  const RowAxis& axis = context.row_axis(x_BTD);
  EXPECT_EQ(axis.tokens(), 12);
  EXPECT_EQ(axis.range(1).begin, 6);
  EXPECT_EQ(axis.stretches(1).size(), 2u) << "each entry has its own end";
  EXPECT_TRUE(at::equal(axis.last_tokens(),
                        at::tensor(std::vector<int64_t>{2, 5, 8, 11})));
  EXPECT_LE(error_of(axis.mean_BD(x_BTD)[0],
                     x_BTD.slice(0, 0, 2).flatten(0, 1).mean(0)),
            1e-6);
}

TEST(RowAxis, ABatchOfVectorsIsNotPackedTokens) {
  const Tensor x_BD = at::randn({4, 5});
  const PassContext context = two_of_four(Layout::channels_last);
  const RowAxis& axis = context.row_axis(x_BD);
  EXPECT_EQ(axis.entry_tokens(), 1);
  EXPECT_LE(error_of(axis.mean_BD(x_BD)[1], x_BD.slice(0, 2).mean(0)), 1e-6);
}

// [B, T, H, d] is four-dimensional and no picture; [B, C, H, W] is one.
TEST(RowAxis, TheKindOfModuleDecidesNotTheRank) {
  const Tensor x = at::randn({4, 3, 2, 5});
  const PassContext heads = two_of_four(Layout::channels_last);
  EXPECT_EQ(heads.row_axis(x).to_tokens(x).size(1), 5);
  EXPECT_TRUE(heads.row_axis(x).has_order());
  const PassContext picture = two_of_four(Layout::channels_first);
  const RowAxis& axis = picture.row_axis(x);
  EXPECT_FALSE(axis.has_order());
  const Tensor x_SD = axis.to_tokens(x);
  EXPECT_EQ(x_SD.size(1), 3);
  EXPECT_TRUE(at::equal(x_SD[11], x.select(0, 1).select(1, 0).select(1, 1)));
  EXPECT_TRUE(at::equal(axis.from_tokens(x_SD, x), x));
  EXPECT_LE(error_of(axis.mean_BD(x)[0],
                     x.slice(0, 0, 2).transpose(0, 1).flatten(1).mean(1)),
            1e-6);
  const Tensor scale_D = at::tensor({1.f, 10.f, 100.f});
  EXPECT_TRUE(at::equal((x * axis.over_neurons(scale_D, x)).select(1, 1),
                        x.select(1, 1) * 10));
}

TEST(RowAxis, EntriesOfNoRowDoNotCount) {
  const PassContext context{.rows = {{.row = 0, .begin = 1, .end = 2}},
                            .axis = Axis::entries};
  const Tensor x_BTD = at::randn({3, 2, 4});
  EXPECT_LE(
      error_of(context.row_axis(x_BTD).mean_BD(x_BTD)[0], x_BTD[1].mean(0)),
      1e-6);
}

TEST(RowAxis, IsMadeOnceACallForEachKindOfTensor) {
  const PassContext context{.rows = pack_rows(std::vector<int64_t>{2, 1})};
  const Tensor narrow_SD = at::randn({3, 2}), wide_SD = at::randn({3, 9});
  EXPECT_EQ(&context.row_axis(narrow_SD), &context.row_axis(wide_SD));
  const PassContext copy = context;
  EXPECT_EQ(&copy.row_axis(wide_SD), &context.row_axis(wide_SD));
}

TEST(RowAxis, MeansInDoubleStayDouble) {
  const PassContext context{.rows = pack_rows(std::vector<int64_t>{3})};
  const Tensor x_SD = at::randn({3, 4}, at::kDouble);
  const Tensor mean_BD = context.row_axis(x_SD).mean_BD(x_SD);
  EXPECT_EQ(mean_BD.scalar_type(), at::kDouble);
  EXPECT_LE(error_of(mean_BD[0], x_SD.mean(0)), 1e-15);
}

}  // namespace
}  // namespace lineas
