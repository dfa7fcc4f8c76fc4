// Each fused function against the same formula in plain double-precision ATen
// operations: values and gradients, in every number format it runs in.
#include "lineas/kernels/fused.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/compare.h"

namespace lineas {
namespace {

using testing::error_of;
using Formula = std::function<Tensor(const std::vector<Tensor>&)>;

struct Format {
  at::ScalarType type;
  double bar;  // of values and gradients that are about 1
};

void PrintTo(const Format& format, std::ostream* out) {
  *out << at::toString(format.type);
}

class Fused : public ::testing::TestWithParam<Format> {
 protected:
  void SetUp() override { at::manual_seed(1); }

  Tensor random(at::IntArrayRef shape) const {
    return at::randn(shape).to(GetParam().type);
  }

  // `inputs` with their own dtypes go to `fused`, in double to `plain`.
  void expect_same(const Formula& fused,
                   const Formula& plain,
                   const std::vector<Tensor>& inputs) {
    std::vector<Tensor> narrow, wide;
    for (const Tensor& input : inputs) {
      narrow.push_back(input.clone().requires_grad_(true));
      wide.push_back(input.to(at::kDouble).requires_grad_(true));
    }
    const Tensor y = fused(narrow), golden = plain(wide);
    EXPECT_LE(error_of(y, golden), GetParam().bar);
    const Tensor direction = at::randn(y.sizes()).to(y.scalar_type());
    (y * direction).sum().backward();
    (golden * direction.to(at::kDouble)).sum().backward();
    for (size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_EQ(narrow[i].grad().scalar_type(), inputs[i].scalar_type());
      EXPECT_LE(error_of(narrow[i].grad(), wide[i].grad()), GetParam().bar)
          << "gradient of input " << i;
    }
  }
};

TEST_P(Fused, RmsNorm) {
  for (const auto& [rows, width] :
       {std::pair(1, 1), {3, 37}, {5, 64}, {700, 96}}) {
    const Tensor gain_D = random({width});
    const auto plain = [&](const std::vector<Tensor>& in) {
      const Tensor mean = in[0].square().mean(-1, true);
      return in[0] / (mean + 1e-5).sqrt() * gain_D.to(at::kDouble);
    };
    expect_same(
        [&](const std::vector<Tensor>& in) {
          return rms_norm(in[0], gain_D, 1e-5);
        },
        plain,
        {random({rows, width})});
  }
}

TEST_P(Fused, RmsNormOverHeadsAndStrides) {
  const Tensor gain = random({6});
  const Tensor x_SHd = random({4, 5, 3, 6}).select(1, 2);
  ASSERT_FALSE(x_SHd.is_contiguous());
  const Tensor wide = x_SHd.to(at::kDouble);
  const Tensor golden =
      wide / (wide.square().mean(-1, true) + 1e-6).sqrt() * gain;
  EXPECT_LE(error_of(rms_norm(x_SHd, gain, 1e-6), golden), GetParam().bar);
}

TEST_P(Fused, Rotate) {
  const Tensor angle_Sd2 = at::randn({7, 4});
  const Tensor cos = angle_Sd2.cos(), sin = angle_Sd2.sin();
  expect_same(
      [&](const std::vector<Tensor>& in) { return rotate(in[0], cos, sin); },
      [&](const std::vector<Tensor>& in) {
        // HF rotate_half: x cos + (-x2, x1) sin.
        const Tensor a = in[0].narrow(-1, 0, 4), b = in[0].narrow(-1, 4, 4);
        const Tensor half = at::cat({-b, a}, -1);
        return in[0] * at::cat({cos, cos}, -1).unsqueeze(1) +
               half * at::cat({sin, sin}, -1).unsqueeze(1);
      },
      {random({7, 3, 8})});
}

TEST_P(Fused, SwiGlu) {
  expect_same(
      [](const std::vector<Tensor>& in) { return swiglu(in[0], in[1]); },
      [](const std::vector<Tensor>& in) {
        return in[0] * at::sigmoid(in[0]) * in[1];
      },
      {random({9, 131}) * 3, random({9, 131})});
}

TEST_P(Fused, SwiGluFarOut) {
  const Tensor gate =
      at::tensor({-3e4f, -200.f, -90.f, 0.f, 90.f, 3e4f}).to(GetParam().type);
  const Tensor golden = gate.to(at::kDouble).clamp_min(0);
  EXPECT_LE(error_of(swiglu(gate, at::ones_like(gate)), golden), 1e-6);
  const Tensor nan = at::full({2}, NAN).to(GetParam().type);
  EXPECT_TRUE(swiglu(nan, nan).isnan().all().item<bool>());
}

TEST_P(Fused, ScaleAndShiftOneMap) {
  expect_same(
      [](const std::vector<Tensor>& in) {
        return scale_and_shift(in[0], in[1], in[2]);
      },
      [](const std::vector<Tensor>& in) { return in[0] * in[1] + in[2]; },
      {random({33, 41}), at::randn({41}), at::randn({41})});
}

TEST_P(Fused, ScaleAndShiftAMapAToken) {
  expect_same(
      [](const std::vector<Tensor>& in) {
        return scale_and_shift(in[0], in[1], in[2]);
      },
      [](const std::vector<Tensor>& in) { return in[0] * in[1] + in[2]; },
      {random({6, 10}), at::randn({6, 10}), at::randn({6, 10})});
}

TEST_P(Fused, IdentityMapChangesNoBit) {
  const Tensor x_SD = random({8, 50});
  EXPECT_TRUE(
      at::equal(scale_and_shift(x_SD, at::ones({50}), at::zeros({50})), x_SD));
  const Tensor odd = at::tensor({NAN, INFINITY, -INFINITY, -0.f})
                         .to(GetParam().type)
                         .unsqueeze(0);
  const Tensor same = scale_and_shift(odd, at::ones({4}), at::zeros({4}));
  EXPECT_TRUE(at::allclose(same, odd, 0, 0, /*equal_nan=*/true));
}

TEST_P(Fused, GatherRowsPacksAndForgetsThePadding) {
  const Tensor cells = at::tensor({0, 1, 2, 0}, at::kLong);
  const Tensor tokens = at::tensor({0, 1, 2}, at::kLong);
  expect_same(
      [&](const std::vector<Tensor>& in) {
        return gather_rows(in[0], tokens, cells);
      },
      [&](const std::vector<Tensor>& in) { return in[0].narrow(0, 0, 3); },
      {random({4, 5})});
}

TEST_P(Fused, GatherRowsSpreads) {
  // Rows of length 2 and 1 spread into a 2 x 2 grid; cell 3 is padding.
  const Tensor cells = at::tensor({0, 1, 2, 0}, at::kLong);
  const Tensor tokens = at::tensor({0, 1, 2}, at::kLong);
  const auto real_cells = [](const Tensor& grid) {
    return grid.narrow(0, 0, 3);
  };
  expect_same(
      [&](const std::vector<Tensor>& in) {
        return real_cells(gather_rows(in[0], cells, tokens));
      },
      [&](const std::vector<Tensor>& in) { return in[0] * 1; },
      {random({3, 5})});
}

INSTANTIATE_TEST_SUITE_P(Formats,
                         Fused,
                         ::testing::Values(Format{at::kFloat, 5e-6},
                                           Format{at::kBFloat16, 1e-2},
                                           Format{at::kHalf, 2e-3}),
                         [](const auto& info) {
                           return std::string(at::toString(info.param.type));
                         });

}  // namespace
}  // namespace lineas
