// Rows on the packed axis, spread into a grid and back; masks; the cache.
#include "lineas/nn/row_layout.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lineas/nn/kv_cache.h"

namespace lineas {
namespace {

std::vector<RowView> rows_at(const std::vector<int64_t>& lengths,
                             const std::vector<int64_t>& positions) {
  std::vector<RowView> rows = pack_rows(lengths);
  for (size_t b = 0; b < rows.size(); ++b) rows[b].position = positions[b];
  return rows;
}

TEST(RowLayout, CountsAndPositions) {
  const RowLayout layout(rows_at({3, 1}, {0, 7}), at::kCPU);
  EXPECT_EQ(layout.tokens(), 4);
  EXPECT_EQ(layout.rows(), 2);
  EXPECT_EQ(layout.longest(), 3);
  EXPECT_EQ(layout.last_key(), 8);
  EXPECT_FALSE(layout.starts_are_equal());
  EXPECT_TRUE(
      at::equal(layout.positions_S(), at::tensor({0, 1, 2, 7}, at::kLong)));
}

TEST(RowLayout, GridAndBack) {
  const Tensor x_SD = at::randn({6, 2});
  for (const std::vector<int64_t>& lengths :
       {std::vector<int64_t>{2, 1, 3}, {3, 3}, {6}, {1, 1, 1, 1, 1, 1}}) {
    const RowLayout layout(pack_rows(lengths), at::kCPU);
    const Tensor x_BTD = layout.to_grid(x_SD);
    EXPECT_EQ(x_BTD.size(0), layout.rows());
    EXPECT_EQ(x_BTD.size(1), layout.longest());
    EXPECT_TRUE(at::equal(layout.to_packed(x_BTD), x_SD));
    EXPECT_TRUE(at::equal(x_BTD[0][0], x_SD[0]));
    EXPECT_TRUE(at::equal(x_BTD[-1][lengths.back() - 1], x_SD[5]));
  }
}

// 1 where a query sees a key.
Tensor seen(const RowLayout& layout, int64_t window) {
  return layout.mask(window, at::kFloat).eq(0).to(at::kLong).squeeze(1);
}

TEST(RowLayout, WhatIsNotFiniteStaysInItsRow) {
  Tensor x_SD = at::ones({4, 1});
  x_SD[0] = NAN;
  const RowLayout layout(pack_rows(std::vector<int64_t>{3, 1}), at::kCPU);
  EXPECT_TRUE(layout.to_grid(x_SD)[1].isfinite().all().item<bool>());
}

TEST(RowLayout, CausalMask) {
  const RowLayout layout(pack_rows(std::vector<int64_t>{3, 2}), at::kCPU);
  const Tensor golden =
      at::tensor({1, 0, 0, 1, 1, 0, 1, 1, 1}, at::kLong).view({1, 3, 3});
  EXPECT_TRUE(at::equal(seen(layout, 0), golden));
  EXPECT_EQ(layout.mask(0, at::kBFloat16).scalar_type(), at::kBFloat16);
}

TEST(RowLayout, WindowCountsTheTokenItself) {
  const RowLayout layout(pack_rows(std::vector<int64_t>{4}), at::kCPU);
  const Tensor golden =
      at::tensor({1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1}, at::kLong)
          .view({1, 4, 4});
  EXPECT_TRUE(at::equal(seen(layout, 2), golden));
}

TEST(RowLayout, EveryRowOfACacheSeesItsOwnPast) {
  const RowLayout layout(rows_at({1, 1}, {0, 2}), at::kCPU);
  const Tensor golden = at::tensor({1, 0, 0, 1, 1, 1}, at::kLong);
  EXPECT_TRUE(at::equal(seen(layout, 0), golden.view({2, 1, 3})));
}

TEST(RowLayout, OneTokenThatSeesAllNeedsNoMask) {
  const RowLayout layout(rows_at({1, 1}, {5, 5}), at::kCPU);
  EXPECT_FALSE(layout.mask(0, at::kFloat).defined());
  EXPECT_FALSE(layout.mask(6, at::kFloat).defined());
  EXPECT_TRUE(layout.mask(5, at::kFloat).defined());
}

// One layer, one key head of width 1: the value is the token's number.
Tensor append(KvCache& cache,
              const std::vector<std::vector<float>>& rows,
              const std::vector<int64_t>& positions) {
  std::vector<int64_t> lengths;
  std::vector<float> all;
  for (const auto& row : rows) {
    lengths.push_back(static_cast<int64_t>(row.size()));
    all.insert(all.end(), row.begin(), row.end());
  }
  const RowLayout layout(rows_at(lengths, positions), at::kCPU);
  const Tensor x_BTKd = layout.to_grid(at::tensor(all).view({-1, 1, 1}));
  return cache.append(0, x_BTKd, x_BTKd, layout).first.squeeze(-1).squeeze(1);
}

TEST(KvCache, RaggedRowsKeepTheirOwnTokens) {
  KvCache cache(1, 2);
  append(cache, {{1, 2, 3}, {10}}, {0, 0});
  const Tensor k_BL = append(cache, {{4}, {11}}, {3, 1});
  EXPECT_TRUE(at::equal(k_BL[0], at::tensor({1.f, 2.f, 3.f, 4.f})));
  EXPECT_TRUE(at::equal(k_BL[1].slice(0, 0, 2), at::tensor({10.f, 11.f})));
}

TEST(KvCache, GrowsAndKeepsWhatItHeld) {
  KvCache cache(1, 1);
  Tensor k_BL;
  for (int64_t t = 0; t < 200; ++t)
    k_BL = append(cache, {{static_cast<float>(t)}}, {t});
  EXPECT_TRUE(at::equal(k_BL[0], at::arange(200).to(at::kFloat)));
}

TEST(KvCache, KeptSlotsMoveToTheFront) {
  KvCache cache(1, 4);
  append(cache, {{1}, {2}, {3}, {4}}, {0, 0, 0, 0});
  cache.keep({1, 3});
  cache.use({0, 1});
  const Tensor k_BL = append(cache, {{20}, {40}}, {1, 1});
  EXPECT_TRUE(at::equal(k_BL, at::tensor({2.f, 20.f, 4.f, 40.f}).view({2, 2})));
  EXPECT_EQ(cache.take(), 2);
}

TEST(KvCache, RowsLieInAnySlots) {
  KvCache cache(1, 3);
  append(cache, {{1}, {2}, {3}}, {0, 0, 0});
  cache.use({2, 0});
  const Tensor k_BL = append(cache, {{30, 31}, {10}}, {1, 1});
  EXPECT_TRUE(at::equal(k_BL[0], at::tensor({3.f, 30.f, 31.f})));
  EXPECT_TRUE(at::equal(k_BL[1].slice(0, 0, 2), at::tensor({1.f, 10.f})));
  cache.use({1, 2});
  EXPECT_TRUE(at::equal(append(cache, {{20}, {32}}, {1, 3})[1],
                        at::tensor({3.f, 30.f, 31.f, 32.f})));
}

TEST(KvCache, ASlotTakenAgainIsEmptyAlsoOfNaN) {
  KvCache cache(1, 2);
  append(cache, {{NAN, NAN, NAN}, {7, 8, 9}}, {0, 0});
  cache.give_back(0);
  EXPECT_EQ(cache.take(), 0);
  EXPECT_EQ(cache.take(), 2);
  cache.use({0, 1, 2});
  const Tensor k_BL = append(cache, {{1}, {10}, {5}}, {0, 3, 0});
  EXPECT_TRUE(at::equal(k_BL[0], at::tensor({1.f, 0.f, 0.f, 0.f})));
  EXPECT_TRUE(at::equal(k_BL[1], at::tensor({7.f, 8.f, 9.f, 10.f})));
  EXPECT_TRUE(at::equal(k_BL[2], at::tensor({5.f, 0.f, 0.f, 0.f})));
}

TEST(KvCache, CopiesAPrefixAndNoMore) {
  KvCache cache(1, 1);
  append(cache, {{1, 2, 3}}, {0});
  const int64_t slot = cache.take();
  cache.copy_prefix(0, slot, 2);
  cache.use({slot});
  const Tensor k_BL = append(cache, {{4}}, {3});
  EXPECT_TRUE(at::equal(k_BL[0], at::tensor({1.f, 2.f, 0.f, 4.f})));
}

}  // namespace
}  // namespace lineas
