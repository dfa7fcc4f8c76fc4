#include "lineas/maps/mix.h"

#include <algorithm>

#include "lineas/base/seed.h"

namespace lineas {
namespace {

constexpr auto kWide = at::kDouble;

bool is_same(const std::optional<Interval>& a,
             const std::optional<Interval>& b) {
  return a.has_value() == b.has_value() &&
         (!a || (a->low_D.equal(b->low_D) && a->high_D.equal(b->high_D)));
}

bool go_together(const MixedMap& a, const MixedMap& b) {
  return a.rules == b.rules && a.step == b.step &&
         is_same(a.map.support, b.map.support);
}

// In double, so that strength 0 and 1 are exact: first s (scale - 1), s shift.
AffineMap difference(const AffineMap& map, double strength) {
  AffineMap moved{(map.scale_D.to(at::kCPU, kWide) - 1) * strength,
                  map.shift_D.to(at::kCPU, kWide) * strength};
  if (map.support)
    moved.support = Interval{map.support->low_D.to(at::kCPU, at::kFloat),
                             map.support->high_D.to(at::kCPU, at::kFloat)};
  return moved;
}

bool is_identity(const MixedMap& mixed) {
  return !mixed.map.scale_D.count_nonzero().item<bool>() &&
         !mixed.map.shift_D.count_nonzero().item<bool>();
}

void move_to(AffineMap& map, at::Device device) {
  map.scale_D = map.scale_D.to(device);
  map.shift_D = map.shift_D.to(device);
  if (!map.support) return;
  map.support->low_D = map.support->low_D.to(device);
  map.support->high_D = map.support->high_D.to(device);
}

uint64_t hash_of(const Tensor& values_D) {
  const Tensor flat_D = values_D.to(at::kFloat).contiguous();
  return stable_hash(
      {static_cast<const char*>(flat_D.const_data_ptr()), flat_D.nbytes()});
}

uint64_t hash_of(const MixedMap& mixed) {
  const uint64_t rules =
      stable_hash(fmt::format("{} {} {} {}",
                              to_string(mixed.rules.position),
                              to_string(mixed.rules.tokens),
                              to_string(mixed.rules.guidance),
                              mixed.step.value_or(kEveryStep)));
  const auto& support = mixed.map.support;
  return derive_seed(rules,
                     {hash_of(mixed.map.scale_D),
                      hash_of(mixed.map.shift_D),
                      support ? hash_of(support->low_D) : 0,
                      support ? hash_of(support->high_D) : 0});
}

}  // namespace

Mix::Mix(const SiteTable& sites,
         const std::vector<Steering>& parts,
         double strength)
    : maps_(sites.size()) {
  for (const Steering& part : parts) {
    check_fits(part.set, sites, part.name);
    // Not even a map that is not finite does anything then.
    if (part.strength == 0 || strength == 0) continue;
    for (const auto& [key, map] : part.set.maps)
      add(sites.find(key.site),
          {part.set.rules, key.step, difference(map, part.strength)});
  }
  for (auto& at_site : maps_) {
    std::erase_if(at_site, is_identity);
    for (MixedMap& mixed : at_site) {
      mixed.map.scale_D = (1 + strength * mixed.map.scale_D).to(at::kFloat);
      mixed.map.shift_D = (strength * mixed.map.shift_D).to(at::kFloat);
    }
  }
  identity_ = identify(sites);
}

void Mix::add(SiteIndex site, MixedMap map) {
  for (MixedMap& other : maps_[site])
    if (go_together(other, map)) {
      other.map.scale_D = other.map.scale_D + map.map.scale_D;
      other.map.shift_D = other.map.shift_D + map.map.shift_D;
      return;
    }
  maps_[site].push_back(std::move(map));
}

std::string Mix::identify(const SiteTable& sites) const {
  uint64_t first = 1, second = 2;
  bool is_empty = true;
  for (SiteIndex site = 0; site < sites.size(); ++site)
    for (const MixedMap& mixed : maps_[site]) {
      const uint64_t name = stable_hash(sites[site].name);
      const uint64_t map = hash_of(mixed);
      first = derive_seed(first, {name, map});
      second = derive_seed(second, {map, name});
      is_empty = false;
    }
  return is_empty ? "" : fmt::format("{:016x}{:016x}", first, second);
}

const Mix::Maps& Mix::on(at::Device device) const {
  if (device.is_cpu()) return maps_;
  const std::scoped_lock lock(mutex_);
  const auto [found, is_new] = moved_.try_emplace(device.str(), maps_);
  if (is_new)
    for (auto& at_site : found->second)
      for (MixedMap& mixed : at_site) move_to(mixed.map, device);
  return found->second;
}

}  // namespace lineas
