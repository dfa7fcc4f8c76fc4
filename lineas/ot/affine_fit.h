// The affine maps that carry one sample of every neuron to another in closed
// form: a shift of the means, equal mean and deviation, the least-squares line
// through the optimal coupling. Tensors in, tensors out.
//
// Suffixes: N source samples, M target samples, D neurons.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// x -> scale x + shift, per neuron, in double.
struct AffineFit {
  Tensor scale_D, shift_D;
};

/// The shift of the means, m2 - m1, for all neurons.
AffineFit fit_shift(const Tensor& source_ND, const Tensor& target_MD);

/// Mean-AcT: the same, but neurons whose deviation on either side is at most
/// 1e-4 stay as they are (where there are two samples or more a side).
/// Source: Rodriguez et al. 2025 (AcT), section 3; docs/math.md, section 10.
AffineFit fit_mean(const Tensor& source_ND, const Tensor& target_MD);

/// Gaussian-AcT: (s2 / s1)(x - m1) + m2 with unbiased deviations, the optimal
/// map between Gaussians; neurons as in fit_mean stay, those that is_flat says
/// (on either side) are shifted only.
/// Source: Peyre & Cuturi 2019, remark 2.31; docs/math.md, section 10.
AffineFit fit_gaussian(const Tensor& source_ND, const Tensor& target_MD);

/// Linear-AcT: the line of least squares through the optimally coupled samples,
/// minimising sum_ij p_ij (scale x_(i) + shift - y_(j))^2; neurons whose source
/// is flat (is_flat) get the shift of the means. Source: Rodriguez et al. 2025
/// (AcT), eq. 6; docs/math.md, section 10.
AffineFit fit_line(const Tensor& source_ND, const Tensor& target_MD);

}  // namespace lineas
