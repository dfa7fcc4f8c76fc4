// Maps that act in a part of the denoising only: the user's choice where a map
// is used, not the map's own.
#pragma once

#include <string>

#include "lineas/maps/map_set.h"

namespace lineas {

/// The same maps, for the steps of the window alone out of `steps`. Maps of
/// single steps outside are left out.
MapSet within(const MapSet& set, const StepWindow& window, int steps);

}  // namespace lineas
