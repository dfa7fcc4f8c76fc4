#include "lineas/maps/step_window.h"

namespace lineas {

MapSet within(const MapSet& set, const StepWindow& window, int steps) {
  if (window.is_everything()) return set;
  MapSet part{.rules = set.rules, .provenance = set.provenance};
  for (int step = 0; step < steps; ++step) {
    if (!window.has(step, steps)) continue;
    for (const auto& [key, map] : set.maps)
      if (key.step.value_or(step) == step) part.maps.add({key.site, step}, map);
  }
  return part;
}

}  // namespace lineas
