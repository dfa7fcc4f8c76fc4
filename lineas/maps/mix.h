// What acts on a row: map sets, each at its strength, made one. Made once,
// never changed, shared by all rows that have it and gone with the last one.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lineas/maps/map_set.h"

namespace lineas {

/// What a mix's maps of equal rules, step and support do together at a site.
struct MixedMap {
  MapRules rules;
  std::optional<int> step;
  AffineMap map;
};

/// Several sets add up: x + sum_i s_i (T_i(x) - x).
class Mix {
 public:
  /// By site of the table.
  using Maps = std::vector<std::vector<MixedMap>>;

  /// `strength`: of the whole; 0 makes an empty mix. Throws shape where a map
  /// does not fit `sites`.
  Mix(const SiteTable& sites,
      const std::vector<Steering>& parts,
      double strength = 1);

  /// True where nothing moves anything: a row with it is a row without a mix.
  bool empty() const { return identity_.empty(); }
  /// Equal for mixes that do the same, whatever they were made of: sites, maps
  /// at their strengths, rules and steps go into it. "" for the empty mix.
  /// Whoever keeps keys and values of steered tokens finds them by it.
  const std::string& identity() const { return identity_; }
  int64_t site_count() const { return static_cast<int64_t>(maps_.size()); }

  /// The maps, moved to that device the first time it is asked for.
  const Maps& on(at::Device device) const;

 private:
  void add(SiteIndex site, MixedMap map);
  std::string identify(const SiteTable& sites) const;

  Maps maps_;  // on the CPU
  std::string identity_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Maps> moved_;
};

using SharedMix = std::shared_ptr<const Mix>;

}  // namespace lineas
