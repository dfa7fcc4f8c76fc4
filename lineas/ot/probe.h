// A linear probe: logistic regression that tells two samples apart, in double,
// solved in the space of the samples (they are fewer than the neurons).
//
// Suffixes: N samples of both sides, D neurons.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// log-odds of a sample = weight . x + bias.
struct Probe {
  Tensor weight_D;
  double bias = 0;
};

/// Minimises 1/2 |w|^2 + sum_i log(1 + exp(-t_i (w . x_i + bias))), t_i = 1
/// where `is_target_N` holds and -1 elsewhere, by damped Newton steps.
/// Throws numeric where they do not settle.
/// Source: Hastie et al. 2009, section 4.4; 18.3.5 (few samples, many
/// neurons).
Probe fit_probe(const Tensor& x_ND, const Tensor& is_target_N);

/// Share of samples on the right side of probes that did not see them:
/// `folds` parts, each holding its share of both sides, drawn by seed. Needs
/// 2 <= folds <= the samples of each side.
double cross_validated_accuracy(const Tensor& x_ND,
                                const Tensor& is_target_N,
                                int64_t folds,
                                uint64_t seed);

}  // namespace lineas
