// The packed, grouped, cached attention against a plain one: row by row, head
// by head, in double precision. Shape suffixes as in lineas/tensor/tensor.h.
#include "lineas/nn/attention.h"

#include <gtest/gtest.h>

#include "tests/support/compare.h"

namespace lineas {
namespace {

using testing::error_of;

struct Case {
  const char* name;
  std::vector<int64_t> lengths;
  int64_t heads = 4;
  int64_t kv_heads = 2;
  AttentionCore core = {.scale = 0.4};
};

struct Inputs {
  Tensor q_SHd, k_SKd, v_SKd;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

Inputs random_inputs(const Case& c, int64_t d = 6) {
  at::manual_seed(3);
  const int64_t S = std::accumulate(c.lengths.begin(), c.lengths.end(), 0L);
  return {at::randn({S, c.heads, d}),
          at::randn({S, c.kv_heads, d}),
          at::randn({S, c.kv_heads, d})};
}

// One head of one row: q_Td, k_Td, v_Td, all tokens from position 0.
Tensor plain_head(const Tensor& q_Td,
                  const Tensor& k_Td,
                  const Tensor& v_Td,
                  const AttentionCore& core) {
  Tensor scores_TT = at::mm(q_Td, k_Td.t()) * core.scale;
  if (core.soft_cap > 0)
    scores_TT = core.soft_cap * (scores_TT / core.soft_cap).tanh();
  Tensor visible_TT = at::zeros(scores_TT.sizes(), at::kBool);
  for (int64_t t = 0; t < q_Td.size(0); ++t)
    for (int64_t l = 0; l <= t; ++l)
      if (core.window <= 0 || t - l < core.window) visible_TT[t][l].fill_(true);
  const Tensor weights_TT =
      scores_TT.masked_fill(visible_TT.logical_not(), -INFINITY).softmax(-1);
  return at::mm(weights_TT, v_Td);
}

Tensor plain_attention(const Inputs& in, const Case& c) {
  std::vector<Tensor> rows;
  int64_t begin = 0;
  for (int64_t length : c.lengths) {
    std::vector<Tensor> heads;
    for (int64_t h = 0; h < c.heads; ++h) {
      const auto of_row = [&](const Tensor& x, int64_t head) {
        return x.to(at::kDouble).narrow(0, begin, length).select(1, head);
      };
      const int64_t k = h / (c.heads / c.kv_heads);
      heads.push_back(plain_head(of_row(in.q_SHd, h),
                                 of_row(in.k_SKd, k),
                                 of_row(in.v_SKd, k),
                                 c.core));
    }
    rows.push_back(at::cat(heads, 1));
    begin += length;
  }
  return at::cat(rows);
}

Tensor attend_packed(const Inputs& in, const Case& c) {
  const RowLayout layout(pack_rows(c.lengths), at::kCPU);
  return attend(in.q_SHd, in.k_SKd, in.v_SKd, c.core, {layout}, 0);
}

class Attention : public ::testing::TestWithParam<Case> {};

TEST_P(Attention, ValuesWithoutGradients) {
  const c10::NoGradGuard no_gradients;
  const Inputs in = random_inputs(GetParam());
  EXPECT_LE(
      error_of(attend_packed(in, GetParam()), plain_attention(in, GetParam())),
      1e-5);
}

TEST_P(Attention, Gradients) {
  const Inputs in = random_inputs(GetParam());
  Inputs a{in.q_SHd.clone(), in.k_SKd.clone(), in.v_SKd.clone()};
  Inputs b{in.q_SHd.clone(), in.k_SKd.clone(), in.v_SKd.clone()};
  for (Inputs* each : {&a, &b})
    for (Tensor* x : {&each->q_SHd, &each->k_SKd, &each->v_SKd})
      x->requires_grad_(true);
  const Tensor o_SD = attend_packed(a, GetParam());
  const Tensor golden_SD = plain_attention(b, GetParam());
  const Tensor direction_SD = at::randn(o_SD.sizes());
  (o_SD * direction_SD).sum().backward();
  (golden_SD * direction_SD.to(at::kDouble)).sum().backward();
  EXPECT_LE(error_of(o_SD, golden_SD), 1e-5);
  EXPECT_LE(error_of(a.q_SHd.grad(), b.q_SHd.grad()), 2e-5);
  EXPECT_LE(error_of(a.k_SKd.grad(), b.k_SKd.grad()), 2e-5);
  EXPECT_LE(error_of(a.v_SKd.grad(), b.v_SKd.grad()), 2e-5);
}

TEST_P(Attention, BFloat16) {
  const c10::NoGradGuard no_gradients;
  Inputs in = random_inputs(GetParam());
  for (Tensor* x : {&in.q_SHd, &in.k_SKd, &in.v_SKd}) *x = x->to(at::kBFloat16);
  EXPECT_LE(
      error_of(attend_packed(in, GetParam()), plain_attention(in, GetParam())),
      3e-2);
}

// The first call holds all but the last tokens of each row, the later ones a
// token a row: the rows are then at different positions.
TEST_P(Attention, ThroughACache) {
  const c10::NoGradGuard no_gradients;
  const Case& c = GetParam();
  const Inputs in = random_inputs(c);
  const Tensor golden_SD = plain_attention(in, c);
  const std::vector<RowView> whole = pack_rows(c.lengths);
  const int64_t later =
      *std::min_element(c.lengths.begin(), c.lengths.end()) - 1;
  KvCache cache(1, static_cast<int64_t>(whole.size()));
  for (int64_t call = 0; call <= later; ++call) {
    std::vector<RowView> now;
    std::vector<Tensor> places;
    for (const RowView& row : whole) {
      const int64_t count = call == 0 ? row.size() - later : 1;
      const int64_t position = call == 0 ? 0 : row.size() - later + call - 1;
      const int64_t begin = now.empty() ? 0 : now.back().end;
      now.push_back({row.row, begin, begin + count, position});
      places.push_back(at::arange(count) + row.begin + position);
    }
    const Tensor index_S = at::cat(places);
    const RowLayout layout(now, at::kCPU);
    const Tensor o_SD = attend(in.q_SHd.index_select(0, index_S),
                               in.k_SKd.index_select(0, index_S),
                               in.v_SKd.index_select(0, index_S),
                               c.core,
                               {.layout = layout, .cache = &cache},
                               0);
    EXPECT_LE(error_of(o_SD, golden_SD.index_select(0, index_S)), 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases,
    Attention,
    ::testing::Values(
        Case{"one_row", {7}},
        Case{"equal_rows", {5, 5, 5}},
        Case{"ragged", {3, 9, 1, 6}},
        Case{"no_groups", {4, 7}, 3, 3},
        Case{"one_key_head", {4, 7}, 4, 1},
        Case{"window", {12, 5, 3}, 4, 2, {.scale = 0.4, .window = 4}},
        Case{"window_of_one", {4, 2}, 2, 2, {.scale = 1, .window = 1}},
        Case{"soft_cap", {6, 4}, 4, 2, {.scale = 1, .soft_cap = 1.5}},
        Case{"all", {8, 11}, 4, 2, {.scale = 2, .soft_cap = 3, .window = 5}},
        Case{"long_in_blocks", {300, 6}, 2, 1, {.scale = 0.4, .window = 100}}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lineas
