// Linear, Embedding and the norms: their formulas, their sites, their errors.
#include "lineas/nn/layers.h"

#include "tests/support/checkpoint.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;
using testing::TinyCheckpoint;

Pass no_tap() {
  return Pass(PassContext{});
}

Tensor plain_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y = at::mm(x.to(at::kDouble), weight.to(at::kDouble).t());
  return bias.defined() ? y + bias.to(at::kDouble) : y;
}

TEST(Linear, ReadsItsScope) {
  TinyCheckpoint files({{"a.proj.weight", at::randn({3, 2})},
                        {"a.proj.bias", at::randn({3})},
                        {"conv.weight", at::randn({2, 3})},
                        {"conv.bias", at::randn({3})}});
  const Linear proj(files.scope() / "a" / "proj", 2, 3, true);
  const Linear conv = Linear::transposed(files.scope() / "conv", 2, 3);
  EXPECT_EQ(files.sites.names(), (std::vector<std::string>{"a.proj", "conv"}));
  EXPECT_EQ(files.sites[0].width, 3);
  Pass pass = no_tap();
  const Tensor x_SI = at::randn({5, 2});
  const auto stored = [&](const char* name) {
    return files.checkpoint.load(name, at::kFloat, at::kCPU);
  };
  EXPECT_LE(error_of(proj(x_SI, pass),
                     plain_linear(
                         x_SI, stored("a.proj.weight"), stored("a.proj.bias"))),
            1e-5);
  EXPECT_LE(error_of(conv(x_SI, pass),
                     plain_linear(
                         x_SI, stored("conv.weight").t(), stored("conv.bias"))),
            1e-5);
}

TEST(Embedding, LooksUpAndTiesAHead) {
  TinyCheckpoint files({{"embed.weight", at::randn({5, 4})}});
  const Embedding embed(files.scope() / "embed", 5, 4);
  const Linear head = Linear::tied(files.scope() / "head", embed);
  Pass pass = no_tap();
  const Tensor x_SD = embed(at::tensor({4, 0}, at::kLong), pass);
  EXPECT_TRUE(at::equal(x_SD[0], embed.weight_VD()[4]));
  EXPECT_EQ(files.sites[1].name, "head");
  EXPECT_EQ(files.sites[1].width, 5);
  EXPECT_LE(error_of(head(x_SD, pass),
                     plain_linear(x_SD, embed.weight_VD(), Tensor())),
            1e-5);
}

TEST(Embedding, NamesTheIdOutsideTheVocabulary) {
  TinyCheckpoint files({{"embed.weight", at::randn({5, 4})}});
  const Embedding embed(files.scope() / "embed", 5, 4);
  for (int64_t id : {5, -1, 1 << 20})
    expect_error(
        ErrorKind::usage, {fmt::format("id {} ", id), "5 tokens"}, [&] {
          Pass pass = no_tap();
          embed(at::tensor({int64_t{0}, id}, at::kLong), pass);
        });
}

TEST(RmsNorm, GainIsStoredOrStoredMinusOne) {
  const Tensor gain_D = at::randn({6});
  TinyCheckpoint files({{"a.weight", gain_D}, {"b.weight", gain_D - 1}});
  const RmsNorm a(files.scope() / "a", 6, 1e-6);
  const RmsNorm b(files.scope() / "b", 6, 1e-6, /*stored_minus_one=*/true);
  const Tensor x_SD = at::randn({3, 6});
  Pass pass = no_tap();
  EXPECT_LE(error_of(a(x_SD, pass), b(x_SD, pass)), 1e-6);
}

// Its own fixture has only one head width; here each head is normed apart.
TEST(RmsNorm, OverHeadsIsOneSiteAsWideAsAllHeads) {
  TinyCheckpoint files({{"q_norm.weight", at::randn({4})}});
  const RmsNorm norm =
      RmsNorm::over_heads(files.scope() / "q_norm", 3, 4, 1e-6);
  EXPECT_EQ(files.sites[0].width, 12);
  const Tensor x_SHd = at::randn({2, 3, 4});
  Pass pass = no_tap();
  const Tensor y_SHd = norm.of_heads(x_SHd, pass);
  EXPECT_EQ(y_SHd.sizes(), x_SHd.sizes());
  const Tensor scale = x_SHd.square().mean(-1, true).sqrt();
  const Tensor gain =
      files.checkpoint.load("q_norm.weight", at::kFloat, at::kCPU);
  EXPECT_LE(error_of(y_SHd, x_SHd / scale * gain), 1e-5);
}

TEST(LayerNorm, CentersScalesAndShifts) {
  TinyCheckpoint files(
      {{"ln.weight", at::randn({6})}, {"ln.bias", at::randn({6})}});
  const LayerNorm norm(files.scope() / "ln", 6, 1e-5);
  const Tensor x_SD = at::randn({3, 6}) + 4;
  Pass pass = no_tap();
  const Tensor centered = x_SD - x_SD.mean(-1, true);
  const Tensor golden =
      centered / (centered.square().mean(-1, true) + 1e-5).sqrt() *
          files.checkpoint.load("ln.weight", at::kFloat, at::kCPU) +
      files.checkpoint.load("ln.bias", at::kFloat, at::kCPU);
  EXPECT_LE(error_of(norm(x_SD, pass), golden), 1e-5);
}

/// The shape of what a site saw.
class Shapes : public Tap {
 public:
  Tensor visit(SiteIndex, Tensor x, const PassContext&) override {
    seen.push_back(x.sizes().vec());
    return x;
  }
  std::vector<std::vector<int64_t>> seen;
};

// What a module makes of [B, T, D] are the rows of what it makes of [B T, D].
TEST(Layers, TakeAnyLeadingDimensions) {
  TinyCheckpoint files({{"proj.weight", at::randn({4, 6})},
                        {"rms.weight", at::randn({6})},
                        {"ln.weight", at::randn({6})},
                        {"ln.bias", at::randn({6})},
                        {"embed.weight", at::randn({9, 6})},
                        {"heads.weight", at::randn({3})}});
  const Linear proj(files.scope() / "proj", 6, 4, false);
  const RmsNorm rms(files.scope() / "rms", 6, 1e-6);
  const LayerNorm ln(files.scope() / "ln", 6, 1e-5);
  const Embedding embed(files.scope() / "embed", 9, 6);
  const RmsNorm heads =
      RmsNorm::over_heads(files.scope() / "heads", 2, 3, 1e-6);
  Shapes shapes;
  Pass pass(PassContext{}, &shapes);
  const Tensor x_BTD = at::randn({2, 5, 6});
  const auto expect_same = [&pass](const auto& module, const Tensor& x_BTD) {
    const Tensor y_BTD = module(x_BTD, pass);
    EXPECT_EQ(y_BTD.size(0), 2);
    EXPECT_TRUE(
        at::equal(y_BTD.flatten(0, 1), module(x_BTD.flatten(0, 1), pass)));
  };
  expect_same(proj, x_BTD);
  expect_same(rms, x_BTD);
  expect_same(ln, x_BTD);
  expect_same(embed, at::arange(8).view({2, 4}));
  const auto of_heads = [&heads](const Tensor& x, Pass& pass) {
    return heads.of_heads(x, pass);
  };
  expect_same(of_heads, x_BTD.view({2, 5, 2, 3}));
  EXPECT_EQ(shapes.seen[0], (std::vector<int64_t>{2, 5, 4}));
  EXPECT_EQ(shapes.seen[8], (std::vector<int64_t>{2, 5, 6}));
}

}  // namespace
}  // namespace lineas
