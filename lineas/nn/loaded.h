// A network with what belongs to it and is not in it. Who loads one owns all of
// this; the network is weights and a forward pass that know only the numbers of
// their sites.
#pragma once

#include <memory>

#include "lineas/tap/site.h"
#include "lineas/tensor/device.h"

namespace lineas {

/// The parts of a pipeline, a Network of several, share the one table under
/// prefixes (see WeightSource::site_prefix).
template <typename Network>
struct Loaded {
  std::unique_ptr<Network> network;
  SiteTable sites;
  Placement placement;
  int64_t weight_bytes = 0;
};

}  // namespace lineas
