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

}  // namespace lineas
