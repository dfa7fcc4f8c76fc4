// How much of a closed-form fit is there in the world and not in the few
// samples it was fitted to. Tensors in, tensors out.
//
// Suffixes: N source samples, M target samples, D neurons.
#pragma once

#include "lineas/ot/affine_fit.h"

namespace lineas {

/// Pulls a fit towards the identity by its own sampling error: of the shift of
/// the means, and of slope - 1 about the source mean, the share is kept that
/// their size over all neurons of the site speaks for (empirical Bayes: of
/// t = value / standard error, 1 - median(t^2) / that of noise alone, as the
/// inverse; medians, because a few outlier neurons would speak for all). Of
/// slopes, which are to act on tokens, a ninth of that is left, and they end in
/// [0.5, 2]. Samples of one row are left as they are.
/// Source: Efron & Morris 1973, with a robust scale; docs/math.md, section 10.
AffineFit shrink(const AffineFit& fit,
                 const Tensor& source_ND,
                 const Tensor& target_MD);

}  // namespace lineas
