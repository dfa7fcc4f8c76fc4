// The gated MLP and its activations.
#include "lineas/nn/mlp.h"

#include "tests/support/checkpoint.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::TinyCheckpoint;

TEST(Activation, NamesAsInConfigFiles) {
  EXPECT_EQ(parse_activation("silu", "c"), Activation::silu);
  EXPECT_EQ(parse_activation("swish", "c"), Activation::silu);
  EXPECT_EQ(parse_activation("gelu", "c"), Activation::gelu);
  EXPECT_EQ(parse_activation("gelu_new", "c"), Activation::gelu_tanh);
  EXPECT_EQ(parse_activation("gelu_pytorch_tanh", "c"), Activation::gelu_tanh);
  testing::expect_error(ErrorKind::unsupported, {"c: ", "\"relu6\""}, [] {
    parse_activation("relu6", "c");
  });
}

TEST(Activation, Formulas) {
  const Tensor x = at::linspace(-6, 6, 101);
  const Tensor wide = x.to(at::kDouble);
  const Tensor inner = (wide + 0.044715 * wide.pow(3)) * std::sqrt(2 / M_PI);
  EXPECT_LE(error_of(activate(x, Activation::silu), wide * wide.sigmoid()),
            1e-6);
  EXPECT_LE(error_of(activate(x, Activation::gelu_tanh),
                     wide * (inner.tanh() + 1) / 2),
            1e-6);
  EXPECT_LE(error_of(activate(x, Activation::gelu),
                     wide * ((wide / std::sqrt(2)).erf() + 1) / 2),
            1e-6);
}

TEST(GatedMlp, DownOfActivatedGateTimesUp) {
  TinyCheckpoint files({{"gate_proj.weight", at::randn({5, 3})},
                        {"up_proj.weight", at::randn({5, 3})},
                        {"down_proj.weight", at::randn({3, 5})}});
  const auto stored = [&](const char* name) {
    return files.checkpoint.load(name, at::kFloat, at::kCPU).t();
  };
  const Tensor x_SD = at::randn({4, 3});
  for (Activation activation : {Activation::silu, Activation::gelu_tanh}) {
    SiteTable sites;
    WeightSource source{files.checkpoint, {}, sites};
    const GatedMlp mlp(WeightScope(source, ""),
                       {.width = 3, .inner = 5, .activation = activation});
    Pass pass{PassContext{}};
    const Tensor gate_SF = at::mm(x_SD, stored("gate_proj.weight"));
    const Tensor up_SF = at::mm(x_SD, stored("up_proj.weight"));
    const Tensor golden_SD = at::mm(activate(gate_SF, activation) * up_SF,
                                    stored("down_proj.weight"));
    EXPECT_LE(error_of(mlp(x_SD, pass), golden_SD), 1e-5);
    EXPECT_EQ(
        sites.names(),
        (std::vector<std::string>{"", "gate_proj", "up_proj", "down_proj"}));
  }
}

}  // namespace
}  // namespace lineas
