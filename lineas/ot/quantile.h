// One-dimensional optimal transport between samples, neuron by neuron: sorted
// values, quantile couplings, squared Wasserstein distances. Tensors in,
// tensors out; nothing here knows a model.
//
// Suffixes: N source samples, M target samples, D neurons.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// The target sample as seen by N sorted source samples under the optimal
/// coupling: n W2^2(x, y) = sum_i (x_(i) - value_i)^2 + rest.
///
/// With N = M, value is the sorted target and rest is 0. With N != M the i-th
/// source quantile is spread over the target's quantiles in [i/N, (i+1)/N]:
/// value_i is their mean and rest their remaining spread, both constants.
/// Source: Peyre & Cuturi 2019, section 2.6 (1-D case).
struct CoupledTarget {
  Tensor value_DN;
  Tensor rest_D;
};

/// y_MD -> CoupledTarget for n source samples. Cost: one sort, once. Throws
/// usage where n or M is 0.
CoupledTarget couple(const Tensor& target_MD, int64_t n);

/// Per neuron n W2^2, and its gradient for the source samples.
struct TransportLoss {
  Tensor loss_D;
  Tensor gradient_ND;
};

/// sum_i (x_(i) - value_i)^2 + rest for every neuron of source_ND.
TransportLoss transport_loss(const Tensor& source_ND,
                             const CoupledTarget& target);

}  // namespace lineas
