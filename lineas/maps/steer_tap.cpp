// Shapes: S packed tokens, D width, U factors, P spans (see token_plan.h).
#include "lineas/maps/steer_tap.h"

#include <algorithm>

#include "lineas/kernels/fused.h"

namespace lineas {
namespace {

constexpr auto kWide = at::kDouble;

// Places of `values` in the list of distinct factors, which grows to hold them.
std::vector<int64_t> index_factors(const std::vector<double>& values,
                                   std::vector<double>& factors) {
  std::vector<int64_t> places;
  for (const double value : values) {
    auto found = std::find(factors.begin(), factors.end(), value);
    if (found == factors.end()) found = factors.insert(found, value);
    places.push_back(found - factors.begin());
  }
  return places;
}

Tensor is_inside(const Tensor& x_SD, const Interval& support) {
  const Tensor wide_SD = x_SD.to(at::kFloat);
  return (wide_SD > support.low_D).logical_and(wide_SD < support.high_D);
}

bool is_same(const std::optional<Interval>& a,
             const std::optional<Interval>& b) {
  return a.has_value() == b.has_value() &&
         (!a || (a->low_D.equal(b->low_D) && a->high_D.equal(b->high_D)));
}

bool is_zero(const Tensor& x) {
  return x.count_nonzero().item<int64_t>() == 0;
}

}  // namespace

// sum_i s_i (scale_i - 1) and sum_i s_i shift_i of maps that go together, in
// double so that strength 0 and 1 are exact.
struct SteerTap::Sum {
  MapRules rules;
  std::optional<int> step;
  Tensor scale_D, shift_D;
  std::optional<Interval> support;

  static Sum of(const AffineMap& map,
                const MapRules& rules,
                std::optional<int> step,
                double strength) {
    return {rules,
            step,
            (map.scale_D.to(at::kCPU, kWide) - 1) * strength,
            map.shift_D.to(at::kCPU, kWide) * strength,
            map.support};
  }
  bool goes_with(const Sum& other) const {
    return rules == other.rules && step == other.step &&
           is_same(support, other.support);
  }
  void add(const Sum& other) {
    scale_D = scale_D + other.scale_D;
    shift_D = shift_D + other.shift_D;
  }
};

void SteerTap::Action::move_to(at::Device device) {
  scale_UD = scale_UD.to(device);
  shift_UD = shift_UD.to(device);
  scales_D = scale_UD.unbind(0);
  shifts_D = shift_UD.unbind(0);
  if (!support) return;
  support->low_D = support->low_D.to(device);
  support->high_D = support->high_D.to(device);
}

SteerTap::SteerTap(const SiteTable& sites,
                   const std::vector<Steering>& steerings,
                   const std::vector<double>& row_strengths)
    : factors_{0.0}, actions_(sites.size()) {
  factor_of_row_ = index_factors(row_strengths, factors_);
  if (row_strengths.empty()) factors_.push_back(1.0);
  std::vector<std::vector<Sum>> sums(sites.size());
  for (const Steering& steering : steerings) {
    check_fits(steering.set, sites, steering.name);
    for (const auto& [name, map] : steering.set.maps) {
      const auto [site, step] = split_map_name(name);
      const Sum sum = Sum::of(map, steering.set.rules, step, steering.strength);
      auto& at_site = sums[sites.find(site)];
      const auto partner =
          std::find_if(at_site.begin(), at_site.end(), [&](const Sum& other) {
            return sum.goes_with(other);
          });
      if (partner == at_site.end())
        at_site.push_back(sum);
      else
        partner->add(sum);
    }
  }
  for (SiteIndex site = 0; site < sites.size(); ++site)
    for (const Sum& sum : sums[site]) add_action(site, sum);
}

size_t SteerTap::plan_for(const MapRules& rules) {
  for (size_t i = 0; i < plans_.size(); ++i)
    if (plans_[i].rules() == rules) return i;
  plans_.emplace_back(rules, factor_of_row_);
  return plans_.size() - 1;
}

void SteerTap::add_action(SiteIndex site, const Sum& sum) {
  if (is_zero(sum.scale_D) && is_zero(sum.shift_D)) return;
  const Tensor factors_U1 = at::tensor(factors_, kWide).unsqueeze(1);
  Tensor scale_UD = (1 + factors_U1 * sum.scale_D).to(at::kFloat);
  Tensor shift_UD = (factors_U1 * sum.shift_D).to(at::kFloat);
  // Factor 0 is the identity also of a map that is not finite.
  scale_UD[0].fill_(1);
  shift_UD[0].fill_(0);
  actions_[site].push_back({.plan = plan_for(sum.rules),
                            .step = sum.step,
                            .scale_UD = scale_UD,
                            .shift_UD = shift_UD,
                            .support = sum.support});
  actions_[site].back().move_to(at::kCPU);
}

bool SteerTap::is_idle() const {
  const bool has_factor =
      std::any_of(factors_.begin(), factors_.end(), [](double factor) {
        return factor != 0;
      });
  return !has_factor ||
         std::all_of(actions_.begin(), actions_.end(), [](const auto& list) {
           return list.empty();
         });
}

Tensor SteerTap::visit(SiteIndex site, Tensor x, const PassContext& context) {
  std::vector<Action*> active;
  for (Action& action : actions_[site])
    if (!action.step || *action.step == context.step) {
      plans_[action.plan].update(x, context);
      if (!plans_[action.plan].spans().empty()) active.push_back(&action);
    }
  if (active.empty()) return x;
  const Tensor x_SD = to_tokens(x);
  if (active.size() == 1) return from_tokens(apply(*active[0], x_SD), x);
  const Tensor wide_SD = x_SD.to(at::kFloat);
  Tensor sum_SD = wide_SD;
  for (Action* action : active)
    sum_SD = sum_SD + (apply(*action, wide_SD) - wide_SD);
  return from_tokens(sum_SD.to(x.scalar_type()), x);
}

Tensor SteerTap::apply(Action& action, const Tensor& x_SD) {
  if (action.scale_UD.device() != x_SD.device()) action.move_to(x_SD.device());
  if (plans_[action.plan].rules().position == Position::avg)
    return apply_to_means(action, x_SD);
  const Tensor mapped_SD = apply_to_tokens(action, x_SD);
  if (!action.support) return mapped_SD;
  return at::where(is_inside(x_SD, *action.support), mapped_SD, x_SD);
}

Tensor SteerTap::apply_to_tokens(Action& action, const Tensor& x_SD) {
  const TokenPlan& plan = plans_[action.plan];
  if (const int64_t u = plan.common_factor(); u >= 0)
    return scale_and_shift(x_SD, action.scales_D[u], action.shifts_D[u]);
  if (action.spread_version == plan.version() && action.scale_SD.defined())
    return scale_and_shift(x_SD, action.scale_SD, action.shift_SD);
  const Tensor factors_S = plan.factors_S(x_SD.device());
  const Tensor scale_SD = action.scale_UD.index_select(0, factors_S);
  const Tensor shift_SD = action.shift_UD.index_select(0, factors_S);
  if (plan.is_tokenwise()) {
    action.scale_SD = scale_SD;
    action.shift_SD = shift_SD;
    action.spread_version = plan.version();
  }
  return scale_and_shift(x_SD, scale_SD, shift_SD);
}

// x + T(m) - m with the mean m of every span.
Tensor SteerTap::apply_to_means(Action& action, const Tensor& x_SD) {
  const TokenPlan& plan = plans_[action.plan];
  const at::Device device = x_SD.device();
  const Tensor wide_SD = x_SD.to(at::kFloat);
  const Tensor mean_PD = at::matmul(plan.averages_PS(device), wide_SD);
  const Tensor factors_P = plan.factors_P(device);
  Tensor moved_PD =
      scale_and_shift(mean_PD,
                      action.scale_UD.index_select(0, factors_P) - 1,
                      action.shift_UD.index_select(0, factors_P));
  if (action.support) moved_PD = moved_PD * is_inside(mean_PD, *action.support);
  const Tensor none_1D = at::zeros({1, x_SD.size(1)}, moved_PD.options());
  const Tensor moved_SD = at::cat({moved_PD, none_1D})
                              .index_select(0, plan.span_of_token_S(device));
  return (wide_SD + moved_SD).to(x_SD.scalar_type());
}

}  // namespace lineas
