// The tap that steers: applies map sets, each at its strength, to the sites of
// a pass. Several sets add up: x + sum_i s_i (T_i(x) - x).
#pragma once

#include <vector>

#include "lineas/maps/map_set.h"

namespace lineas {

/// A map set in use.
struct Steering {
  MapSet set;
  double strength = 1;
};

class SteerTap : public Tap {
 public:
  /// `row_strengths`: one factor for every row number (PassContext row), or
  /// empty for 1 everywhere. Rows of factor 0 come out value for value as
  /// without steering.
  SteerTap(const SiteTable& sites,
           std::vector<Steering> steerings,
           std::vector<double> row_strengths = {});

  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override;

 private:
  // Sets that share rules and have no support are summed beforehand into one
  // scale and shift a site.
  struct Action {
    MapRules rules;
    AffineMap map;
    double strength;
  };
  std::vector<std::vector<Action>> actions_;  // by site
  std::vector<double> row_strengths_;
};

}  // namespace lineas
