// Where learning starts when it may choose: at the closed-form maps that one
// incremental pass gives, unless the identity is better.
//
// Suffixes: P parameters.
#pragma once

#include "lineas/descent/whitening.h"
#include "lineas/learn/map_loss.h"

namespace lineas {

/// The maps that the parameters were left at, their loss over all source rows,
/// and the white coordinates that belong to the responses on the way.
struct WarmStart {
  Whitening whitening;
  Tensor values_P;
  double loss = 0;
  bool is_met = false;  // the target, already
};

/// Sets the maps of the places that `loss` reaches to what linear-act fits
/// there, with target prompts untouched and slopes drawn towards 1, or leaves
/// all as they are where that is no better than `loss_now`. One forward pass
/// over all prompts, and one over the source.
WarmStart warm_start(const Problem& problem,
                     MapLoss& loss,
                     AffineParameters& parameters,
                     double loss_now);

}  // namespace lineas
