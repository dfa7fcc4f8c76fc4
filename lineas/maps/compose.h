// Arithmetic with map sets: several made one, one turned around, two held
// against each other. Knows no model and runs nothing.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lineas/maps/map_set.h"

namespace lineas {

/// additive: x + sum_i s_i (T_i(x) - x), what several steerings do (no order).
/// chain: the parts one after the other, the first one first.
enum class Composition { additive, chain };

/// One set that does what `parts` do, each at its strength; its provenance
/// keeps theirs (the parts of sums in a sum, and of chains in a chain, side by
/// side). A site that only some have keeps what those do. Throws shape,
/// naming maps and values, where parts differ in position, tokens, guidance,
/// model or width, or at a common site in their support; unsupported for a
/// chain at a site with a support (the second map would have to ask where the
/// first one began) or with maps of single steps beside maps of all.
/// Source: docs/math.md, section 1.
MapSet compose_maps(std::span<const Steering> parts, Composition composition);

/// T^-1 at the part's strength: scale 1/w, shift -b/w. A support becomes its
/// image under T; what T left alone but lies in the image is moved (a warning
/// says so). Throws numeric, naming sites and neurons, where |w| < 1e-3.
MapSet invert_map(const Steering& part);

/// How two sets differ in the map of one key.
struct SiteDifference {
  MapKey key;
  bool in_first = true, in_second = true;
  int64_t first_width = 0, second_width = 0;
  bool support_differs = false;
  // Zero where one of the two is missing or of another width.
  double max_scale = 0, rms_scale = 0, max_shift = 0, rms_shift = 0;

  /// True where nothing is further apart than `tolerance`.
  bool is_equal(double tolerance) const;
};

/// The sites of both, in order.
std::vector<SiteDifference> compare_maps(const MapSet& first,
                                         const MapSet& second);

/// A sentence for each of position, tokens, guidance and model in which the
/// parts differ.
std::vector<std::string> rule_differences(const Steering& first,
                                          const Steering& second);

}  // namespace lineas
