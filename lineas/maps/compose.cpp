#include "lineas/maps/compose.h"

#include <algorithm>
#include <filesystem>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/version.h"

namespace lineas {
namespace {

constexpr auto kWide = at::kDouble;
constexpr double kSmallestSlope = 1e-3;
constexpr int64_t kNamedNeurons = 8;
constexpr const char* kSum = "compose";  // the method of a sum

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
  return fmt::format("({:g}, {:g}) at neuron {}",
                     support->low_D[neuron].item<float>(),
                     support->high_D[neuron].item<float>(),
                     neuron);
}

// Maps of several parts at one site, and whose they are.
struct Common {
  std::string site;
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
           common.site,
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
           common.site,
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
         common.site,
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

// All map names: those of the first part, and the others' where they stand
// between their neighbours.
std::vector<std::string> merge_names(std::span<const Steering> parts) {
  std::vector<std::string> names;
  for (const Steering& part : parts) {
    auto place = names.begin();
    for (const auto& [name, map] : part.set.maps) {
      const auto found = std::find(names.begin(), names.end(), name);
      place = (found == names.end() ? names.insert(place, name) : found) + 1;
    }
  }
  return names;
}

void check_together(std::span<const Steering> parts) {
  // All pairs: a part that says nothing of its model goes with any other.
  for (size_t i = 1; i < parts.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (const auto differences = rule_differences(parts[j], parts[i]);
          !differences.empty())
        fail(ErrorKind::shape,
             "{} and {} do not go into one map: {}. Use both with --steer "
             "instead.",
             parts[j].name,
             parts[i].name,
             fmt::join(differences, "; "));
}

void check_steps(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const MapName parts = split_map_name(name);
    if (parts.step &&
        std::find(names.begin(), names.end(), parts.site) != names.end())
      fail(ErrorKind::unsupported,
           "site \"{}\" has a map of all steps and one of step {}: one after "
           "the other they have no place in one file. Compose without --chain.",
           parts.site,
           *parts.step);
  }
}

bool is_sum(const Json& provenance) {
  if (!provenance.is_object() || provenance.value("method", Json()) != kSum ||
      !provenance.value("parts", Json()).is_array())
    return false;
  const Json& parts = provenance["parts"];
  return std::all_of(parts.begin(), parts.end(), [](const Json& part) {
    return part.is_object() && part.value("strength", Json()).is_number();
  });
}

// A sum of sums lists all its parts, each at s s_i, and nests no deeper.
void add_parts(Json& list, const Steering& part, bool into_sum) {
  const Json& own = part.set.provenance;
  if (!into_sum || !is_sum(own)) {
    list.push_back(
        {{"name", std::filesystem::path(part.name).filename().string()},
         {"strength", part.strength},
         {"provenance", own}});
    return;
  }
  for (Json inner : own["parts"]) {
    inner["strength"] = inner["strength"].get<double>() * part.strength;
    list.push_back(inner);
  }
}

Json provenance_of(std::span<const Steering> parts, const char* method) {
  Json provenance = {{"tool", fmt::format("lineas.cpp {}", kVersion)},
                     {"method", method},
                     {"parts", Json::array()}};
  for (const Steering& part : parts) {
    add_parts(provenance["parts"], part, method == std::string_view(kSum));
    if (!provenance.contains("model") && !fingerprint_of(part.set).empty())
      provenance["model"] = part.set.provenance["model"];
  }
  return provenance;
}

void check_slopes(const Steering& part) {
  std::vector<std::string> flat;
  for (const auto& [site, map] : part.set.maps) {
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
                               site,
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
  const std::vector<std::string> names = merge_names(parts);
  if (composition == Composition::chain) check_steps(names);
  MapSet set;
  set.rules = parts[0].set.rules;
  for (const std::string& name : names) {
    Common common{name, {}, {}};
    for (const Steering& part : parts)
      if (const AffineMap* map = part.set.find(name)) {
        common.maps.push_back(map);
        common.parts.push_back(&part);
      }
    set.maps.emplace_back(name, merge(common, composition));
  }
  set.provenance = provenance_of(
      parts, composition == Composition::additive ? kSum : "compose --chain");
  return set;
}

MapSet invert_map(const Steering& part) {
  check_slopes(part);
  MapSet set;
  set.rules = part.set.rules;
  bool has_support = false;
  for (const auto& [site, map] : part.set.maps) {
    const WideMap forward = at_strength(map, part.strength);
    const WideMap back{1 / forward.scale_D, -forward.shift_D / forward.scale_D};
    has_support = has_support || map.support;
    set.maps.emplace_back(
        site,
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
  set.provenance = provenance_of({&part, 1}, "compose --inverse");
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
  for (const std::string& site : merge_names(both)) {
    const AffineMap *a = first.find(site), *b = second.find(site);
    SiteDifference difference{.site = site,
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
  // A map without a model (a converted one) goes with any of its widths.
  const std::string model = fingerprint_of(first.set);
  const std::string other = fingerprint_of(second.set);
  if (!model.empty() && !other.empty() && model != other)
    compare("the model",
            fmt::format("{} ({})", model_word(first.set, "id"), model),
            fmt::format("{} ({})", model_word(second.set, "id"), other));
  return differences;
}

}  // namespace lineas
