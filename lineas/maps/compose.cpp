#include "lineas/maps/compose.h"

#include <algorithm>
#include <filesystem>
#include <list>
#include <map>
#include <set>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/printable.h"
#include "lineas/base/version.h"

namespace lineas {
namespace {

using Path = std::filesystem::path;

constexpr auto kWide = at::kDouble;
constexpr double kSmallestSlope = 1e-3;
constexpr int64_t kNamedNeurons = 8;
// What provenance calls the method.
constexpr std::string_view kSum = "compose";
constexpr std::string_view kChain = "compose --chain";
constexpr std::string_view kInverse = "compose --inverse";

// What a part does at a site, at its strength, in double.
struct WideMap {
  Tensor scale_D, shift_D;
};

WideMap at_strength(const AffineMap& map, double strength) {
  return {1 + strength * (map.scale_D.to(kWide) - 1),
          strength * map.shift_D.to(kWide)};
}

AffineMap narrow(const WideMap& map, std::optional<Interval> support) {
  return {map.scale_D.to(at::kFloat),
          map.shift_D.to(at::kFloat),
          std::move(support)};
}

// What the provenance says of the model, or "".
std::string model_word(const MapSet& set, const char* key) {
  const Json& provenance = set.provenance;
  return provenance.is_object() && provenance.contains("model")
             ? text_or_none(provenance["model"], key)
             : "";
}

std::string fingerprint_of(const MapSet& set) {
  return model_word(set, "fingerprint");
}

std::string model_text(const MapSet& set) {
  return fmt::format("{} ({})",
                     printable(model_word(set, "id")),
                     printable(fingerprint_of(set)));
}

// The first neuron at which two supports differ, or -1.
int64_t first_difference(const Interval& a, const Interval& b) {
  const Tensor differs_D =
      (a.low_D != b.low_D).logical_or(a.high_D != b.high_D);
  return differs_D.any().item<bool>()
             ? differs_D.to(at::kByte).argmax().item<int64_t>()
             : -1;
}

std::string describe(const std::optional<Interval>& support, int64_t neuron) {
  if (!support) return "none";
  return fmt::format("({:.9g}, {:.9g}) at neuron {}",
                     support->low_D[neuron].item<float>(),
                     support->high_D[neuron].item<float>(),
                     neuron);
}

// Maps of several parts with one key, and whose they are.
struct Common {
  MapKey key;
  std::vector<const AffineMap*> maps;
  std::vector<const Steering*> parts;
};

void check_same_support(const Common& common) {
  const auto& first = common.maps[0]->support;
  for (size_t i = 1; i < common.maps.size(); ++i) {
    const auto& other = common.maps[i]->support;
    if (!first && !other) continue;
    const int64_t neuron =
        first && other ? first_difference(*first, *other) : 0;
    if (neuron >= 0)
      fail(ErrorKind::shape,
           "site \"{}\": the support range of {} is {}, of {} {}. Together "
           "they are no affine map; use both with --steer instead.",
           to_string(common.key),
           common.parts[0]->name,
           describe(first, neuron),
           common.parts[i]->name,
           describe(other, neuron));
  }
}

void check_common(const Common& common, Composition composition) {
  for (size_t i = 1; i < common.maps.size(); ++i)
    if (common.maps[i]->width() != common.maps[0]->width())
      fail(ErrorKind::shape,
           "site \"{}\": {} has {} neurons, {} has {}. Are they for the same "
           "model?",
           to_string(common.key),
           common.parts[0]->name,
           common.maps[0]->width(),
           common.parts[i]->name,
           common.maps[i]->width());
  check_same_support(common);
  if (composition == Composition::chain && common.maps.size() > 1 &&
      common.maps[0]->support)
    fail(ErrorKind::unsupported,
         "site \"{}\": {} and {} act within a support range; one after the "
         "other they are no affine map. Compose them without --chain.",
         to_string(common.key),
         common.parts[0]->name,
         common.parts[1]->name);
}

AffineMap merge(const Common& common, Composition composition) {
  check_common(common, composition);
  WideMap sum = at_strength(*common.maps[0], common.parts[0]->strength);
  for (size_t i = 1; i < common.maps.size(); ++i) {
    const WideMap next =
        at_strength(*common.maps[i], common.parts[i]->strength);
    if (composition == Composition::additive)
      sum = {sum.scale_D + next.scale_D - 1, sum.shift_D + next.shift_D};
    else
      sum = {next.scale_D * sum.scale_D,
             next.scale_D * sum.shift_D + next.shift_D};
  }
  return narrow(sum, common.maps[0]->support);
}

// All keys: those of the first part, and the others' where they stand between
// their neighbours.
std::vector<MapKey> merge_keys(std::span<const Steering> parts) {
  std::list<MapKey> keys;
  std::map<MapKey, std::list<MapKey>::iterator> known;
  for (const Steering& part : parts) {
    auto place = keys.begin();
    for (const auto& [key, map] : part.set.maps) {
      const auto [found, is_new] = known.try_emplace(key);
      if (is_new) found->second = keys.insert(place, key);
      place = std::next(found->second);
    }
  }
  return {keys.begin(), keys.end()};
}

// A map without a model (a converted one) goes with any of its widths.
bool are_of_one_model(const MapSet& first, const MapSet& second) {
  const std::string model = fingerprint_of(first);
  const std::string other = fingerprint_of(second);
  return model.empty() || other.empty() || model == other;
}

void check_together(std::span<const Steering> parts) {
  // All pairs: a part that says nothing of its model goes with any other.
  for (size_t i = 1; i < parts.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (const auto differences = rule_differences(parts[j], parts[i]);
          !differences.empty())
        fail(ErrorKind::shape,
             "{} and {} do not go into one map: {}. {}",
             parts[j].name,
             parts[i].name,
             fmt::join(differences, "; "),
             are_of_one_model(parts[j].set, parts[i].set)
                 ? "Use both with --steer instead."
                 : "A map moves the neurons of the model that it was learned "
                   "on.");
}

void check_steps(const std::vector<MapKey>& keys) {
  const std::set<MapKey> known(keys.begin(), keys.end());
  for (const MapKey& key : keys)
    if (key.step && known.contains(key.site))
      fail(ErrorKind::unsupported,
           "site \"{}\" has a map of all steps and one of step {}: one after "
           "the other they have no place in one file. Compose without --chain.",
           key.site,
           *key.step);
}

bool is_list_of_parts(const Json& provenance, std::string_view method) {
  if (text_or_none(provenance, "method") != method ||
      !provenance.value("parts", Json()).is_array())
    return false;
  const Json& parts = provenance["parts"];
  return std::all_of(parts.begin(), parts.end(), [](const Json& part) {
    return part.is_object() && part.value("strength", Json()).is_number();
  });
}

// Whether a part's own parts can stand in its place: a sum's in a sum, each at
// s s_i, and a chain's in a chain that takes it as it is.
bool is_flat(const Steering& part, std::string_view method) {
  return is_list_of_parts(part.set.provenance, method) &&
         (method == kSum || (method == kChain && part.strength == 1));
}

void add_parts(Json& list, const Steering& part, std::string_view method) {
  const Json& own = part.set.provenance;
  if (!is_flat(part, method)) {
    list.push_back(
        {{"name", printable_whole(Path(part.name).filename().string())},
         {"strength", part.strength},
         {"provenance", own}});
    return;
  }
  for (Json inner : own["parts"]) {
    inner["strength"] = inner["strength"].get<double>() * part.strength;
    list.push_back(inner);
  }
}

Json provenance_of(std::span<const Steering> parts, std::string_view method) {
  Json provenance = {{"tool", fmt::format("lineas.cpp {}", kVersion)},
                     {"method", method},
                     {"parts", Json::array()}};
  for (const Steering& part : parts) {
    add_parts(provenance["parts"], part, method);
    if (!provenance.contains("model") && !fingerprint_of(part.set).empty())
      provenance["model"] = part.set.provenance["model"];
  }
  return provenance;
}

void check_slopes(const Steering& part) {
  std::vector<std::string> flat;
  for (const auto& [key, map] : part.set.maps) {
    const Tensor scale_D = at_strength(map, part.strength).scale_D;
    const Tensor flat_N = (scale_D.abs() < kSmallestSlope).nonzero().flatten();
    if (flat_N.numel() == 0) continue;
    std::vector<std::string> neurons;
    for (int64_t i = 0; i < std::min(flat_N.numel(), kNamedNeurons); ++i) {
      const int64_t neuron = flat_N[i].item<int64_t>();
      neurons.push_back(
          fmt::format("{} ({:.3g})", neuron, scale_D[neuron].item<double>()));
    }
    flat.push_back(fmt::format("site \"{}\": {} of {} neurons, {}{}",
                               to_string(key),
                               flat_N.numel(),
                               map.width(),
                               fmt::join(neurons, ", "),
                               flat_N.numel() > kNamedNeurons ? ", ..." : ""));
  }
  if (!flat.empty())
    fail(ErrorKind::numeric,
         "{} at strength {}: has no inverse, its slope is (nearly) 0. {}. A "
         "lower strength (MAP:0.5) may have one.",
         part.name,
         part.strength,
         fmt::join(flat, "; "));
}

// The interval that T makes of its support; a negative slope turns it around.
Interval image_of(const Interval& support, const WideMap& map) {
  const Tensor a_D = support.low_D.to(kWide) * map.scale_D + map.shift_D;
  const Tensor b_D = support.high_D.to(kWide) * map.scale_D + map.shift_D;
  return {at::minimum(a_D, b_D).to(at::kFloat),
          at::maximum(a_D, b_D).to(at::kFloat)};
}

}  // namespace

MapSet compose_maps(std::span<const Steering> parts, Composition composition) {
  if (parts.empty()) fail(ErrorKind::usage, "no maps to compose");
  check_together(parts);
  const std::vector<MapKey> keys = merge_keys(parts);
  if (composition == Composition::chain) check_steps(keys);
  MapSet set;
  set.rules = parts[0].set.rules;
  for (const MapKey& key : keys) {
    Common common{key, {}, {}};
    for (const Steering& part : parts)
      if (const AffineMap* map = part.set.find(key)) {
        common.maps.push_back(map);
        common.parts.push_back(&part);
      }
    set.maps.add(key, merge(common, composition));
  }
  set.provenance = provenance_of(
      parts, composition == Composition::additive ? kSum : kChain);
  return set;
}

MapSet invert_map(const Steering& part) {
  check_slopes(part);
  MapSet set;
  set.rules = part.set.rules;
  bool has_support = false;
  for (const auto& [key, map] : part.set.maps) {
    const WideMap forward = at_strength(map, part.strength);
    const WideMap back{1 / forward.scale_D, -forward.shift_D / forward.scale_D};
    has_support = has_support || map.support;
    set.maps.add(
        key,
        narrow(back,
               map.support ? std::optional(image_of(*map.support, forward))
                           : std::nullopt));
  }
  if (has_support)
    log_warning(
        "{}: acts within a support range. The inverse acts on that range's "
        "image: it undoes the map where the map acted, and also moves values "
        "that lie in the image but came from outside the range.",
        part.name);
  set.provenance = provenance_of({&part, 1}, kInverse);
  return set;
}

bool SiteDifference::is_equal(double tolerance) const {
  return in_first && in_second && first_width == second_width &&
         !support_differs && max_scale <= tolerance && max_shift <= tolerance;
}

std::vector<SiteDifference> compare_maps(const MapSet& first,
                                         const MapSet& second) {
  const Steering both[] = {{first}, {second}};
  std::vector<SiteDifference> differences;
  for (const MapKey& key : merge_keys(both)) {
    const AffineMap *a = first.find(key), *b = second.find(key);
    SiteDifference difference{.key = key,
                              .in_first = a != nullptr,
                              .in_second = b != nullptr,
                              .first_width = a ? a->width() : 0,
                              .second_width = b ? b->width() : 0};
    if (a && b && a->width() == b->width()) {
      const Tensor scale_D = a->scale_D.to(kWide) - b->scale_D.to(kWide);
      const Tensor shift_D = a->shift_D.to(kWide) - b->shift_D.to(kWide);
      difference.max_scale = scale_D.abs().max().item<double>();
      difference.rms_scale = scale_D.square().mean().sqrt().item<double>();
      difference.max_shift = shift_D.abs().max().item<double>();
      difference.rms_shift = shift_D.square().mean().sqrt().item<double>();
      difference.support_differs =
          a->support.has_value() != b->support.has_value() ||
          (a->support && first_difference(*a->support, *b->support) >= 0);
    }
    differences.push_back(std::move(difference));
  }
  return differences;
}

std::vector<std::string> rule_differences(const Steering& first,
                                          const Steering& second) {
  std::vector<std::string> differences;
  const auto compare = [&](const char* what,
                           const std::string& a,
                           const std::string& b) {
    if (a != b)
      differences.push_back(fmt::format(
          "{} is {} in {} and {} in {}", what, a, first.name, b, second.name));
  };
  const MapRules &a = first.set.rules, &b = second.set.rules;
  compare("position", to_string(a.position), to_string(b.position));
  compare("tokens", to_string(a.tokens), to_string(b.tokens));
  compare("guidance", to_string(a.guidance), to_string(b.guidance));
  if (!are_of_one_model(first.set, second.set))
    compare("the model", model_text(first.set), model_text(second.set));
  return differences;
}

}  // namespace lineas
