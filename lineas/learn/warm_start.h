// Where learning starts when it may choose: at the closed-form maps that one
// incremental pass gives, instead of the identity.
#pragma once

#include <functional>

#include "lineas/descent/parameters.h"
#include "lineas/descent/whitening.h"
#include "lineas/learn/learner.h"
#include "lineas/tap/pool.h"

namespace lineas {

struct WarmStartOptions {
  Pooling pooling = Pooling::mean;
  Position position = Position::all;
  int64_t micro_batch = 0;
  std::function<bool()> is_cancelled = {};  // asked at every site
};

/// Sets the maps of `sites` (some of the problem's mapped sites) to what
/// linear-act fits there, with target prompts untouched and slopes drawn
/// towards 1, and answers the white coordinates that belong to the responses on
/// the way. One forward pass over all prompts.
Whitening warm_start(const Problem& problem,
                     const std::vector<SiteIndex>& sites,
                     const WarmStartOptions& options,
                     AffineParameters& parameters);

}  // namespace lineas
