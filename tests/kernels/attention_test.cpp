// attend() against plain attention, head by head in double precision: self,
// cross and grouped, with every kind of mask, by each of its ways; and how much
// memory many scores take. Shape suffixes as in lineas/tensor/tensor.h.
#include "lineas/kernels/attention.h"

#include <gtest/gtest.h>

#include "lineas/base/memory.h"
#include "tests/support/compare.h"

namespace lineas {
namespace {

using testing::error_of;

struct Case {
  const char* name;
  int64_t B = 2, T = 5, L = 5, H = 4, K = 4;
  double soft_cap = 0;
  bool causal = false;
  std::vector<int64_t> mask = {};  // its shape; empty: none
  int64_t d = 6;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

struct Inputs {
  Tensor q_BTHd, k_BLKd, v_BLKd;
  AttentionOptions options;

  Inputs to(at::ScalarType type) const {
    Inputs other{q_BTHd.to(type), k_BLKd.to(type), v_BLKd.to(type), options};
    if (options.mask.defined()) other.options.mask = options.mask.to(type);
    return other;
  }
  std::vector<Tensor*> tensors() { return {&q_BTHd, &k_BLKd, &v_BLKd}; }
};

// Hides a third of the keys, never the first.
Tensor random_mask(const std::vector<int64_t>& shape) {
  const Tensor hidden = at::rand(shape) < 0.3;
  hidden.select(-1, 0).fill_(false);
  return at::randn(shape, at::kDouble).masked_fill(hidden, -INFINITY);
}

Inputs random_inputs(const Case& c) {
  at::manual_seed(3);
  const auto random = [&](int64_t tokens, int64_t heads) {
    return at::randn({c.B, tokens, heads, c.d}, at::kDouble);
  };
  Inputs in{random(c.T, c.H), random(c.L, c.K), random(c.L, c.K), {}};
  in.options = {.scale = 0.4, .soft_cap = c.soft_cap, .causal = c.causal};
  if (!c.mask.empty()) in.options.mask = random_mask(c.mask);
  return in;
}

Tensor plain_attention(const Inputs& in) {
  const Tensor &q = in.q_BTHd, &k = in.k_BLKd, &v = in.v_BLKd;
  const int64_t T = q.size(1), H = q.size(2), L = k.size(1);
  std::vector<Tensor> heads;
  for (int64_t h = 0; h < H; ++h) {
    const int64_t key_head = h / (H / k.size(2));
    Tensor scores_BTL =
        at::matmul(q.select(2, h), k.select(2, key_head).transpose(1, 2)) *
        in.options.scale;
    const double cap = in.options.soft_cap;
    if (cap > 0) scores_BTL = cap * (scores_BTL / cap).tanh();
    if (in.options.mask.defined())
      scores_BTL =
          scores_BTL + in.options.mask.expand({-1, H, -1, -1}).select(1, h);
    if (in.options.causal)
      scores_BTL = scores_BTL.masked_fill(at::ones({T, L}, at::kBool).triu(1),
                                          -INFINITY);
    heads.push_back(at::matmul(scores_BTL.softmax(-1), v.select(2, key_head)));
  }
  return at::stack(heads, 2);
}

Tensor attend(const Inputs& in) {
  return lineas::attend(in.q_BTHd, in.k_BLKd, in.v_BLKd, in.options);
}

class Attend : public ::testing::TestWithParam<Case> {};

TEST_P(Attend, Values) {
  const c10::NoGradGuard no_gradients;
  const Inputs in = random_inputs(GetParam());
  const Tensor golden = plain_attention(in);
  EXPECT_LE(error_of(attend(in), golden), 1e-12);
  for (const auto& [type, bar] : {std::pair(at::kFloat, 1e-5),
                                  {at::kHalf, 4e-3},
                                  {at::kBFloat16, 3e-2}}) {
    const Tensor o_BTHd = attend(in.to(type));
    EXPECT_EQ(o_BTHd.scalar_type(), type);
    EXPECT_LE(error_of(o_BTHd, golden), bar) << at::toString(type);
  }
}

TEST_P(Attend, Gradients) {
  for (const auto& [type, bar] :
       {std::pair(at::kDouble, 1e-12), {at::kFloat, 2e-5}}) {
    const Inputs in = random_inputs(GetParam());
    Inputs a = in.to(type), b = in;
    for (Inputs* each : {&a, &b})
      for (Tensor* x : each->tensors())
        *x = x->detach().clone().requires_grad_(true);
    const Tensor o_BTHd = attend(a), golden_BTHd = plain_attention(b);
    EXPECT_LE(error_of(o_BTHd, golden_BTHd), bar);
    const Tensor direction = at::randn(o_BTHd.sizes(), at::kDouble);
    (o_BTHd * direction).sum().backward();
    (golden_BTHd * direction).sum().backward();
    for (size_t i = 0; i < 3; ++i)
      EXPECT_LE(error_of(a.tensors()[i]->grad(), b.tensors()[i]->grad()), bar)
          << "gradient of input " << i;
  }
}

TEST_P(Attend, TwiceIsTheSameBytes) {
  Inputs in = random_inputs(GetParam()).to(at::kFloat);
  for (Tensor* x : in.tensors()) x->requires_grad_(true);
  const auto gradients_of = [&] {
    for (Tensor* x : in.tensors()) x->mutable_grad() = Tensor();
    attend(in).square().sum().backward();
    std::vector<Tensor> gradients;
    for (Tensor* x : in.tensors()) gradients.push_back(x->grad().clone());
    return gradients;
  };
  const auto first = gradients_of(), second = gradients_of();
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(at::equal(first[i], second[i]));
}

INSTANTIATE_TEST_SUITE_P(
    Cases,
    Attend,
    ::testing::Values(
        Case{"self"},
        Case{"cross", 2, 5, 9},
        Case{"cross_grouped", 2, 5, 9, 6, 2},
        Case{"cross_grouped_soft_cap", 2, 5, 9, 6, 2, 1.5},
        Case{"causal", 3, 7, 7, 4, 4, 0, true},
        Case{"causal_grouped", 3, 7, 7, 4, 2, 0, true},
        Case{"causal_soft_cap", 3, 7, 7, 4, 2, 1.5, true},
        Case{"one_key_head", 2, 5, 5, 4, 1},
        Case{"one_query", 2, 1, 9, 4, 2},
        Case{"one_query_and_key_causal", 2, 1, 1, 4, 2, 0, true},
        Case{"one_query_masked", 2, 1, 9, 4, 2, 0, false, {2, 1, 1, 9}},
        Case{"one_query_mask_by_head", 2, 1, 9, 4, 2, 0, false, {1, 4, 1, 9}},
        Case{"mask_of_keys", 2, 5, 9, 4, 4, 0, false, {2, 1, 1, 9}},
        Case{"mask_of_all", 2, 5, 9, 4, 4, 0, false, {1, 1, 5, 9}},
        Case{"mask_by_head", 2, 5, 9, 4, 4, 0, false, {1, 4, 5, 9}},
        Case{"mask_grouped", 2, 5, 9, 4, 2, 0, false, {2, 1, 5, 9}},
        Case{"mask_grouped_by_head", 2, 5, 9, 4, 2, 0, false, {2, 4, 5, 9}},
        Case{"mask_soft_cap", 2, 5, 9, 4, 2, 1.5, false, {2, 4, 1, 9}},
        Case{"wide_heads", 1, 5, 9, 2, 2, 0, false, {}, 160},
        Case{"long", 1, 600, 500, 2, 2},
        Case{"long_grouped", 1, 600, 600, 4, 2, 0, true},
        Case{"long_soft_cap", 1, 600, 600, 4, 2, 1.5, true},
        Case{"long_masked_cap",
             2,
             300,
             400,
             2,
             1,
             1.5,
             false,
             {2, 2, 300, 400}}),
    [](const auto& info) { return std::string(info.param.name); });

// All scores of 4 heads and 4096 tokens are 256 MB in float32, and plain
// attention with a soft cap holds them six times.
TEST(Attention, NeverHoldsAllScores) {
  for (const auto& [soft_cap, bar] :
       {std::pair(0.0, 128 << 20), {20.0, 400 << 20}}) {
    Inputs in = random_inputs({"", 1, 4096, 4096, 4, 2, soft_cap, true, {}, 16})
                    .to(at::kFloat);
    for (Tensor* x : in.tensors()) x->requires_grad_(true);
    const int64_t before = peak_resident_bytes();
    attend(in).sum().backward();
    EXPECT_LE(peak_resident_bytes() - before, bar) << "soft cap " << soft_cap;
  }
}

}  // namespace
}  // namespace lineas
