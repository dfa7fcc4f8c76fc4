// The tap that steers: applies map sets, each at its strength, to the sites of
// a pass. Several sets add up: x + sum_i s_i (T_i(x) - x).
#pragma once

#include <string>
#include <vector>

#include "lineas/maps/token_plan.h"

namespace lineas {

class SteerTap : public Tap {
 public:
  /// `row_strengths`: one factor for every row number (PassContext row), or
  /// empty for 1 everywhere. Rows of factor 0 come out value for value as
  /// without steering. Throws shape where a map does not fit `sites`; a visit
  /// throws usage for a row without a factor. Serves one pass at a time.
  SteerTap(const SiteTable& sites,
           const std::vector<Steering>& steerings,
           const std::vector<double>& row_strengths = {});

  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override;

  /// True where no map moves anything: the model needs no tap.
  bool is_idle() const;

 private:
  // What a site's maps of equal rules and equal support do together: scale and
  // shift of every factor u of the list, worked out once.
  struct Action {
    size_t plan;
    std::optional<int> step;
    Tensor scale_UD, shift_UD;
    std::optional<Interval> support;
    std::vector<Tensor> scales_D = {}, shifts_D = {};  // the same, one a factor
    // Spread over the tokens of the last decoding call.
    int64_t spread_version = -1;
    Tensor scale_SD = {}, shift_SD = {};

    void move_to(at::Device device);
  };
  struct Sum;

  size_t plan_for(const MapRules& rules);
  void add_action(SiteIndex site, const Sum& sum);
  Tensor apply(Action& action, const Tensor& x_SD);
  Tensor apply_to_tokens(Action& action, const Tensor& x_SD);
  Tensor apply_to_means(Action& action, const Tensor& x_SD);

  std::vector<double> factors_;  // [0] is 0
  std::vector<int64_t> factor_of_row_;
  std::vector<TokenPlan> plans_;
  std::vector<std::vector<Action>> actions_;  // by site
};

}  // namespace lineas
