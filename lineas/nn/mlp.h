// The feed-forward modules.
#pragma once

#include "lineas/nn/layers.h"

namespace lineas {

/// The gate's activation function.
enum class Activation { silu, gelu_tanh, gelu, quick_gelu, relu };

/// The HF name of an activation ("silu", "gelu_pytorch_tanh", "gelu_new",
/// "gelu", "quick_gelu", "relu", ...); throws unsupported naming `where` for
/// any other.
Activation parse_activation(const std::string& name, const std::string& where);
Tensor activate(const Tensor& x, Activation activation);

struct GatedMlpConfig {
  int64_t width = 0;
  int64_t inner = 0;
  Activation activation = Activation::silu;
  bool bias = false;
};

/// down(activation(gate(x)) * up(x)). Source: Shazeer 2020.
class GatedMlp {
 public:
  GatedMlp(const WeightScope& scope, const GatedMlpConfig& config);
  Tensor operator()(const Tensor& x_SD, Pass& pass) const;

 private:
  Activation activation_;
  SiteIndex site_;
  Linear gate_proj_, up_proj_, down_proj_;
};

}  // namespace lineas
