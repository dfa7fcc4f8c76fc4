// Map sets for tests.
#pragma once

#include "lineas/maps/map_set.h"

namespace lineas::testing {

/// The set with the map of that number under another key.
inline MapSet with_key(const MapSet& set, size_t number, const MapKey& key) {
  MapSet renamed{.rules = set.rules, .provenance = set.provenance};
  for (size_t i = 0; i < set.maps.size(); ++i)
    renamed.maps.add(i == number ? key : set.maps[i].first, set.maps[i].second);
  return renamed;
}

}  // namespace lineas::testing
