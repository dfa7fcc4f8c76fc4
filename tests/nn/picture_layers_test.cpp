// Conv2d, GroupNorm and the small steps between pixels and tokens: their
// formulas, their sites, their errors.
#include "lineas/nn/picture_layers.h"

#include "tests/support/checkpoint.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/picture_pass.h"

namespace lineas {
namespace {

using testing::entries;
using testing::error_of;
using testing::TinyCheckpoint;

/// The layout and shape of what a site saw.
struct Layouts : Tap {
  Tensor visit(SiteIndex, Tensor x, const PassContext& context) override {
    seen.emplace_back(context.layout, x.sizes().vec());
    return x;
  }
  std::vector<std::pair<Layout, std::vector<int64_t>>> seen;
};

// One output pixel by hand: the sum over a window that hangs over the edge.
TEST(Conv2d, SumsItsWindow) {
  const Tensor weight_OIHW = at::randn({3, 2, 3, 3});
  const Tensor bias_O = at::randn({3});
  TinyCheckpoint files({{"c.weight", weight_OIHW}, {"c.bias", bias_O}});
  const Conv2d conv(files.scope() / "c", {.in = 2, .out = 3, .stride = 2});
  const Tensor x_BCHW = at::randn({2, 2, 5, 4});
  Layouts tap;
  Pass pass(entries(2), &tap);
  const Tensor y_BCHW = conv(x_BCHW, pass);
  EXPECT_EQ(y_BCHW.sizes(), (at::IntArrayRef{2, 3, 3, 2}));
  const Tensor corner =
      at::constant_pad_nd(x_BCHW, {1, 1, 1, 1})[1].narrow(1, 4, 3).narrow(
          2, 2, 3);
  const Tensor wanted = (weight_OIHW * corner).sum({1, 2, 3}) + bias_O;
  EXPECT_LE(error_of(y_BCHW[1].select(1, 2).select(1, 1), wanted), 1e-5);
  EXPECT_EQ(files.sites[0].width, 3);
  EXPECT_EQ(tap.seen[0].first, Layout::channels_first);
}

TEST(Conv2d, WithoutBiasAndMemoryOrderOfItsInput) {
  TinyCheckpoint files({{"c.weight", at::randn({4, 3, 1, 1})}});
  const Conv2d conv(
      files.scope() / "c",
      {.in = 3, .out = 4, .kernel = 1, .padding = 0, .has_bias = false});
  Pass pass(entries(1));
  const Tensor x_BCHW = at::randn({1, 3, 4, 5});
  EXPECT_LE(
      error_of(conv(x_BCHW, pass), conv(with_channels_last(x_BCHW), pass)),
      1e-6);
  const Tensor weight =
      files.checkpoint.load("c.weight", at::kFloat, at::kCPU).flatten(1);
  EXPECT_LE(error_of(conv(x_BCHW, pass).flatten(2)[0],
                     at::mm(weight, x_BCHW.flatten(2)[0])),
            1e-5);
}

TEST(GroupNorm, NormsEveryGroupOverAllPixels) {
  const Tensor gain = at::randn({6}), bias = at::randn({6});
  TinyCheckpoint files({{"n.weight", gain}, {"n.bias", bias}});
  const GroupNorm norm(files.scope() / "n", 6, 2, 1e-2);
  const Tensor x_BCHW = at::randn({2, 6, 3, 5}) + 2;
  Layouts tap;
  Pass pass(entries(2), &tap);
  const Tensor groups = x_BCHW.view({2, 2, -1});
  const Tensor centered = groups - groups.mean(2, true);
  const Tensor normed =
      centered / (centered.square().mean(2, true) + 1e-2).sqrt();
  const Tensor wanted = normed.view(x_BCHW.sizes()) * gain.view({1, 6, 1, 1}) +
                        bias.view({1, 6, 1, 1});
  EXPECT_LE(error_of(norm(x_BCHW, pass), wanted), 1e-5);
  EXPECT_LE(error_of(norm(with_channels_last(x_BCHW), pass), wanted), 1e-5);
  EXPECT_EQ(tap.seen[0].first, Layout::channels_first);
  TinyCheckpoint others({{"n.weight", gain}, {"n.bias", bias}});
  testing::expect_error(ErrorKind::format, {"\"n\"", "6", "4"}, [&] {
    GroupNorm(others.scope() / "n", 6, 4, 1e-5);
  });
}

TEST(Pixels, BecomeTokensRowByRow) {
  const Tensor x_BCHW = at::randn({2, 3, 4, 5});
  const Tensor x_BTD = pixels_to_tokens(x_BCHW);
  EXPECT_TRUE(
      at::equal(x_BTD[1][2 * 5 + 3], x_BCHW[1].select(1, 2).select(1, 3)));
  EXPECT_TRUE(at::equal(tokens_to_pixels(x_BTD, 4, 5), x_BCHW));
}

// 2 -> 3: not twice the size.
TEST(UpsampleNearest, TakesAnySize) {
  const Tensor x = at::arange(4, at::kFloat).view({1, 1, 2, 2});
  const Tensor wanted =
      at::tensor({0, 0, 1, 0, 0, 1, 2, 2, 3}, at::kFloat).view({1, 1, 3, 3});
  EXPECT_TRUE(at::equal(upsample_nearest(x, 3, 3), wanted));
  EXPECT_TRUE(at::equal(upsample_nearest(with_channels_last(x), 4, 4)[0][0][3],
                        at::tensor({2, 2, 3, 3}, at::kFloat)));
}

TEST(ActivationLayer, IsASiteOfItsLayout) {
  TinyCheckpoint files({{"unused", at::zeros({1})}});
  const ActivationLayer act(
      files.scope() / "act", 4, Activation::silu, Layout::channels_first);
  Layouts tap;
  Pass pass(entries(1), &tap);
  const Tensor x = at::randn({1, 4, 2, 2});
  EXPECT_LE(error_of(act(x, pass), x * at::sigmoid(x)), 1e-6);
  EXPECT_EQ(tap.seen[0].first, Layout::channels_first);
  EXPECT_EQ(files.sites[0].name, "act");
}

}  // namespace
}  // namespace lineas
