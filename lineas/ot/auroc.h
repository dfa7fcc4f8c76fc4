// How well single neurons tell two samples apart.
//
// Suffixes: N positive samples, M negative samples, D neurons.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// Per neuron, in double: the area under the ROC curve of its value as a
/// detector of the positive samples = the share of pairs in which the positive
/// one is larger, a tie counting half. Values that differ by no more than
/// float32 rounding (1e-6 of the neuron's largest) are ties.
/// Source: Hanley & McNeil 1982 (the Mann-Whitney form). Cost: one sort.
Tensor auroc(const Tensor& positive_ND, const Tensor& negative_MD);

/// AurA's damping of a neuron by its AUROC as a detector of the source:
/// 1 - 2 (AUROC - 1/2) where that is above 1/2, else 1.
/// Source: Suau et al. 2024 (Whispering Experts, ICML), equation 4.
Tensor aura_scale(const Tensor& auroc_D);

}  // namespace lineas
