// One run over all prompts that is fitted as it goes: standing at a mapped
// place, it pools the rows of both sides, has the place fitted, applies the map
// and carries on. In micro-batches the passes advance in lockstep, each waiting
// at a place until the fit there is done; what waits is the residual stream of
// its rows, no graph. Knows no method.
//
// Suffixes: B rows of a pass, N source samples, M target samples, D neurons.
#pragma once

#include <functional>

#include "lineas/learn/learner.h"
#include "lineas/learn/responses.h"

namespace lineas {

struct FrontierOptions {
  ResponseOptions response;
  bool map_target = true;  // maps act on target rows too
};

/// Fits the mapped place of that number in the problem's list. The map is what
/// acts from there on.
using FrontierFit = std::function<AffineMap(
    size_t place, const Tensor& source_ND, const Tensor& target_MD)>;

/// Runs every row once, up to the last mapped place, without gradients. A place
/// at every step is fitted at the first one and acts at all. Throws what `fit`
/// and the drive throw, numeric (naming the place) where a response is not
/// finite, usage where the model does not come by a mapped place, and resource
/// where a thread for a micro-batch cannot be had.
void fit_at_frontier(const Problem& problem,
                     const FrontierOptions& options,
                     const FrontierFit& fit);

}  // namespace lineas
