// Suffixes: S tokens, D neurons, U mixes of a call, N units of a plan.
#include "lineas/maps/steer_tap.h"

#include <algorithm>
#include <limits>

#include "lineas/base/error.h"
#include "lineas/maps/apply.h"

namespace lineas {
namespace {

// Place of the mix in the list, which grows to hold it; 0: none.
int64_t number_of(const SharedMix& mix, std::vector<SharedMix>& roster) {
  if (!mix) return 0;
  size_t number = 1;
  while (number < roster.size() && roster[number] != mix &&
         roster[number]->identity() != mix->identity())
    ++number;
  if (number == roster.size()) roster.push_back(mix);
  return static_cast<int64_t>(number);
}

// One part of all maps behind each other, `outside` where there is none.
template <typename Part>
Tensor stack(const std::vector<const AffineMap*>& maps,
             double outside,
             Part part) {
  const auto first = std::find_if(
      maps.begin(), maps.end(), [](const AffineMap* map) { return map; });
  const Tensor none_D = at::full_like(part(**first), outside);
  std::vector<Tensor> rows;
  for (const AffineMap* map : maps) rows.push_back(map ? part(*map) : none_D);
  return at::stack(rows);
}

AffineMap stack(const std::vector<const AffineMap*>& maps, bool has_support) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  AffineMap all{
      stack(maps, 1, [](const AffineMap& map) { return map.scale_D; }),
      stack(maps, 0, [](const AffineMap& map) { return map.shift_D; })};
  if (has_support)
    all.support =
        Interval{stack(maps,
                       -kInfinity,
                       [](const AffineMap& map) { return map.support->low_D; }),
                 stack(maps, kInfinity, [](const AffineMap& map) {
                   return map.support->high_D;
                 })};
  return all;
}

AffineMap select(const AffineMap& all_UD, const std::vector<int64_t>& numbers) {
  const Tensor index_N =
      at::tensor(numbers, at::kLong).to(all_UD.scale_D.device());
  AffineMap chosen{all_UD.scale_D.index_select(0, index_N),
                   all_UD.shift_D.index_select(0, index_N)};
  if (all_UD.support)
    chosen.support = Interval{all_UD.support->low_D.index_select(0, index_N),
                              all_UD.support->high_D.index_select(0, index_N)};
  return chosen;
}

}  // namespace

SteerTap::SteerTap(const SiteTable& sites)
    : last_call_(sites.size(), 0), sites_(sites.size()) {}

SteerTap::SteerTap(const SiteTable& sites,
                   const std::vector<Steering>& steerings,
                   const std::vector<double>& row_strengths)
    : SteerTap(sites) {
  std::map<double, SharedMix> mixes;
  mixes[1] = std::make_shared<const Mix>(sites, steerings);
  if (row_strengths.empty()) {
    if (!mixes[1]->empty()) mix_of_all_ = mixes[1];
    return;
  }
  known_rows_ = static_cast<int64_t>(row_strengths.size());
  for (int64_t row = 0; row < known_rows_; ++row) {
    SharedMix& mix = mixes[row_strengths[row]];
    if (!mix)
      mix = std::make_shared<const Mix>(sites, steerings, row_strengths[row]);
    assign(row, mix);
  }
}

void SteerTap::assign(int64_t row, SharedMix mix) {
  if (mix && mix->site_count() != static_cast<int64_t>(sites_.size()))
    fail(ErrorKind::shape,
         "row {}: its mix is for a model of {} sites, this one has {}",
         row,
         mix->site_count(),
         sites_.size());
  if (mix && !mix->empty())
    mix_of_row_[row] = std::move(mix);
  else
    mix_of_row_.erase(row);
  if (call_.expired()) forget();
}

const SharedMix& SteerTap::mix_of(int64_t row) const {
  if (known_rows_ >= 0 && (row < 0 || row >= known_rows_))
    fail(ErrorKind::usage,
         "row {}: strengths are given for {} rows",
         row,
         known_rows_);
  const auto found = mix_of_row_.find(row);
  return found == mix_of_row_.end() ? mix_of_all_ : found->second;
}

// A drive may use one context for many calls: these come by a site again.
bool SteerTap::is_under_way(SiteIndex site, const PassContext& context) const {
  return last_call_[site] != call_number_ &&
         !call_.owner_before(context.axes) && !context.axes.owner_before(call_);
}

// While all calls have the same mixes, what was made of them is kept.
void SteerTap::begin(const PassContext& context) {
  plans_.clear();
  numbers_.clear();
  next_roster_.assign(1, nullptr);
  for (const RowView& row : context.rows)
    numbers_.push_back(number_of(mix_of(row.row), next_roster_));
  if (next_roster_ != roster_) {
    forget();
    roster_.swap(next_roster_);
  }
  next_roster_.clear();
  call_ = context.axes;
  ++call_number_;
}

// Lets go of mixes that no row has any more.
void SteerTap::forget() {
  for (AtSite& at : sites_) at = {};
  roster_.assign(1, nullptr);
}

void SteerTap::make_groups(SiteIndex site, at::Device device) {
  AtSite& at = sites_[site];
  at = {.is_made = true, .device = device};
  for (size_t number = 1; number < roster_.size(); ++number)
    for (const MixedMap& mixed : roster_[number]->on(device)[site])
      enlist(at, mixed, number);
}

void SteerTap::enlist(AtSite& at, const MixedMap& mixed, size_t number) {
  const bool has_support = mixed.map.support.has_value();
  auto group =
      std::find_if(at.groups.begin(), at.groups.end(), [&](const Group& other) {
        return other.rules == mixed.rules && other.step == mixed.step &&
               other.has_support == has_support && !other.maps[number];
      });
  if (group == at.groups.end()) {
    at.groups.push_back(
        {mixed.rules, mixed.step, has_support, {roster_.size(), nullptr}});
    group = at.groups.end() - 1;
  }
  group->maps[number] = &mixed.map;
}

// The plan of this kind of tensor, or null where the group does nothing to it.
const TokenPlan* SteerTap::find_plan(const Group& group,
                                     const Tensor& x,
                                     const PassContext& context) {
  if (group.step && *group.step != context.step) return nullptr;
  const RowAxis& axis = context.row_axis(x);
  auto plan =
      std::find_if(plans_.begin(), plans_.end(), [&](const TokenPlan& other) {
        return &other.axis() == &axis && other.rules() == group.rules;
      });
  if (plan == plans_.end()) {
    plans_.emplace_back(group.rules, context, axis, numbers_);
    plan = plans_.end() - 1;
  }
  const int64_t common = plan->common();
  const bool is_idle =
      plan->is_empty() || (common > 0 && group.maps[common] == nullptr);
  return is_idle ? nullptr : &*plan;
}

Tensor SteerTap::visit(SiteIndex site, Tensor x, const PassContext& context) {
  if (!is_under_way(site, context)) begin(context);
  last_call_[site] = call_number_;
  if (roster_.size() == 1) return x;
  AtSite& at = sites_[site];
  if (!at.is_made) make_groups(site, x.device());
  if (at.groups.empty()) return x;
  if (*at.device != x.device()) make_groups(site, x.device());
  return at.groups.size() == 1 ? apply(at.groups[0], x, context)
                               : apply_sum(at.groups, x, context);
}

Tensor SteerTap::apply_sum(std::vector<Group>& groups,
                           const Tensor& x,
                           const PassContext& context) {
  std::vector<Group*> acting;
  for (Group& group : groups)
    if (find_plan(group, x, context)) acting.push_back(&group);
  if (acting.empty()) return x;
  if (acting.size() == 1) return apply(*acting[0], x, context);
  const Tensor wide = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
  Tensor sum = wide;
  for (Group* group : acting) sum = sum + (apply(*group, wide, context) - wide);
  // The difference of infinities is none.
  return at::where(wide.isfinite(), sum, wide).to(x.scalar_type());
}

Tensor SteerTap::apply(Group& group,
                       const Tensor& x,
                       const PassContext& context) {
  const TokenPlan* plan = find_plan(group, x, context);
  if (plan == nullptr) return x;
  if (const int64_t common = plan->common(); common > 0)
    return apply_map(x, *group.maps[common], *plan);
  const std::vector<int64_t>& numbers = plan->numbers();
  if (group.spread_numbers == numbers)
    return apply_map(x, group.spread_ND, *plan);
  if (!group.stack_UD.scale_D.defined())
    group.stack_UD = stack(group.maps, group.has_support);
  const AffineMap spread_ND = select(group.stack_UD, numbers);
  if (static_cast<int64_t>(numbers.size()) <= plan->axis().rows()) {
    group.spread_ND = spread_ND;
    group.spread_numbers = numbers;
  }
  return apply_map(x, spread_ND, *plan);
}

}  // namespace lineas
