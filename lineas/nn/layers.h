// The small modules every model is made of: weights, a site, and
// operator()(x, pass). Each works on the last dimension of x, whatever stands
// before it ([S, D], [B, T, D], [B, D]). Weights are frozen; nothing here knows
// an architecture.
#pragma once

#include <optional>

#include "lineas/nn/weight_scope.h"

namespace lineas {

class Embedding;

/// y = x W^T + bias. weight_OI [out, in].
class Linear {
 public:
  Linear(const WeightScope& scope, int64_t in, int64_t out, bool has_bias);
  /// GPT-2's Conv1D: the same with the weight stored as [in, out].
  static Linear transposed(const WeightScope& scope, int64_t in, int64_t out);
  /// An output head that is the embedding table: a site, no weight of its own.
  static Linear tied(const WeightScope& scope, const Embedding& table);

  /// x [..., in] -> y [..., out].
  Tensor operator()(const Tensor& x, Pass& pass) const;
  SiteIndex site() const { return site_; }

 private:
  Linear(SiteIndex site, Tensor weight, Tensor bias)
      : site_(site), weight_OI_(weight), bias_O_(bias) {}

  SiteIndex site_;
  Tensor weight_OI_;
  Tensor bias_O_;  // undefined: none
};

/// Rows of a table. weight_VD [vocabulary, width].
class Embedding {
 public:
  /// `factor`: of what it hands out, rounded to the weights' type (Gemma 3).
  Embedding(const WeightScope& scope,
            int64_t vocabulary,
            int64_t width,
            double factor = 1);
  /// ids [...] (int64) -> x [..., width]. Throws usage for an id outside the
  /// vocabulary, naming it.
  Tensor operator()(const Tensor& ids, Pass& pass) const;
  const Tensor& weight_VD() const { return weight_VD_; }

 private:
  SiteIndex site_;
  Tensor weight_VD_;
  double factor_;
};

/// Root mean square norm; the gain is 1 + the stored weight where
/// `stored_minus_one` (Gemma).
class RmsNorm {
 public:
  RmsNorm(const WeightScope& scope,
          int64_t width,
          double eps,
          bool stored_minus_one = false);
  Tensor operator()(const Tensor& x, Pass& pass) const;
  /// Norm of every head of x [..., H, d]; the site sees the heads side by side.
  Tensor of_heads(const Tensor& x, Pass& pass) const;

  /// For a norm over heads: the site is as wide as all `heads` together.
  static RmsNorm over_heads(const WeightScope& scope,
                            int64_t heads,
                            int64_t head_width,
                            double eps,
                            bool stored_minus_one = false);

 private:
  RmsNorm(SiteIndex site, Tensor gain, double eps)
      : site_(site), gain_D_(gain), eps_(eps) {}

  SiteIndex site_;
  Tensor gain_D_;
  double eps_;
};

/// Mean and variance norm, with gain and bias where it has them.
class LayerNorm {
 public:
  LayerNorm(const WeightScope& scope, int64_t width, double eps);
  /// One without weights (elementwise_affine false).
  static LayerNorm without_gain(const WeightScope& scope,
                                int64_t width,
                                double eps);
  Tensor operator()(const Tensor& x, Pass& pass) const;

 private:
  LayerNorm(SiteIndex site, double eps) : site_(site), eps_(eps) {}

  SiteIndex site_;
  Tensor gain_D_;  // undefined: none
  Tensor bias_D_;
  double eps_;
};

}  // namespace lineas
