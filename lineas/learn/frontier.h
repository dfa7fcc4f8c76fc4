// One pass over all prompts that is fitted as it goes: standing at a mapped
// site, it pools the rows of both sides, has the site fitted, applies the map
// and carries on. In micro-batches the passes advance in lockstep, each waiting
// at a site until the fit there is done; what waits is the residual stream of
// its rows, no graph. Knows no method.
//
// Suffixes: B rows of a pass, N source samples, M target samples, D neurons.
#pragma once

#include <functional>

#include "lineas/learn/learner.h"
#include "lineas/tap/pool.h"

namespace lineas {

struct FrontierOptions {
  Pooling pooling = Pooling::mean;
  Position position = Position::all;
  bool map_target = true;                   // maps act on target rows too
  int64_t micro_batch = 0;                  // rows of a pass; 0: all
  std::function<bool()> is_cancelled = {};  // asked at every mapped site
};

/// Fits the mapped site at that place of the problem's list. The map is what
/// acts from there on.
using FrontierFit = std::function<AffineMap(
    size_t place, const Tensor& source_ND, const Tensor& target_MD)>;

/// Runs every row once, up to the last mapped site, without gradients. Throws
/// what `fit` and the drive throw, numeric (naming the site) where a response
/// is not finite, cancelled when asked to stop.
void fit_at_frontier(const Problem& problem,
                     const FrontierOptions& options,
                     const FrontierFit& fit);

}  // namespace lineas
