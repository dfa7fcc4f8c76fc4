// How well single neurons tell two samples apart.
//
// Suffixes: N positive samples, M negative samples, D neurons.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// Per neuron, in double: the area under the ROC curve of its value as a
/// detector of the positive samples = the share of pairs in which the positive
/// one is larger, a tie counting half. Values no further apart than rounding()
/// of both sides together are ties, and samples that are equal but for that
/// give 1/2. Source: Hanley & McNeil 1982 (the Mann-Whitney form). Cost: three
/// sorts.
Tensor auroc(const Tensor& positive_ND, const Tensor& negative_MD);

/// AurA's damping of a neuron by its AUROC as a detector of the source:
/// 1 - 2 (AUROC - 1/2) where that is above 1/2, else 1.
/// Source: Suau et al. 2024 (Whispering Experts, ICML), equation 4.
Tensor aura_scale(const Tensor& auroc_D);

}  // namespace lineas
