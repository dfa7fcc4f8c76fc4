#include "lineas/nn/mlp.h"

#include "lineas/base/error.h"
#include "lineas/kernels/fused.h"

namespace lineas {

Activation parse_activation(const std::string& name, const std::string& where) {
  if (name == "silu" || name == "swish") return Activation::silu;
  if (name == "gelu") return Activation::gelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new")
    return Activation::gelu_tanh;
  if (name == "quick_gelu") return Activation::quick_gelu;
  if (name == "relu") return Activation::relu;
  fail(ErrorKind::unsupported,
       "{}: activation \"{}\" is not supported; known: silu, gelu, gelu_new, "
       "gelu_pytorch_tanh, quick_gelu, relu",
       where,
       name);
}

Tensor activate(const Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::silu:
      return at::silu(x);
    case Activation::gelu_tanh:
      return at::gelu(x, "tanh");
    case Activation::gelu:
      return at::gelu(x);
    case Activation::quick_gelu:
      return x * at::sigmoid(x * 1.702);
    case Activation::relu:
      return at::relu(x);
  }
  fail(ErrorKind::unsupported, "unknown activation");
}

GatedMlp::GatedMlp(const WeightScope& scope, const GatedMlpConfig& config)
    : activation_(config.activation),
      site_(scope.site(config.width)),
      gate_proj_(scope / "gate_proj", config.width, config.inner, config.bias),
      up_proj_(scope / "up_proj", config.width, config.inner, config.bias),
      down_proj_(scope / "down_proj", config.inner, config.width, config.bias) {
}

Tensor GatedMlp::operator()(const Tensor& x_SD, Pass& pass) const {
  const Tensor gate_SF = gate_proj_(x_SD, pass);
  const Tensor up_SF = up_proj_(x_SD, pass);
  const Tensor inner_SF = activation_ == Activation::silu
                              ? swiglu(gate_SF, up_SF)
                              : activate(gate_SF, activation_) * up_SF;
  return pass.visit(site_, down_proj_(inner_SF, pass));
}

}  // namespace lineas
