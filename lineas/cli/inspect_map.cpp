#include "lineas/cli/inspect_map.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lineas/base/printable.h"
#include "lineas/cli/arguments.h"
#include "lineas/cli/charts.h"
#include "lineas/cli/provenance.h"
#include "lineas/maps/map_set.h"

namespace lineas {
namespace {

constexpr size_t kBarColumns = 20;
constexpr size_t kSparkColumns = 40;
// Decades; below the first one a neuron does not count as moved.
constexpr int kFirstDecade = -5;
constexpr std::array kBinNames = {"below 1e-5",
                                  "1e-5 to 1e-4",
                                  "1e-4 to 0.001",
                                  "0.001 to 0.01",
                                  "0.01 to 0.1",
                                  "0.1 to 1",
                                  "1 to 10",
                                  "10 and more"};
constexpr size_t kBins = kBinNames.size();

using NamedMap = std::pair<std::string, AffineMap>;

void print_fact(const char* name, const std::string& fact) {
  if (!fact.empty()) fmt::print("  {:<11}{}\n", name, printable_whole(fact));
}

std::string describe_descent(const Json& provenance) {
  const std::vector<double> losses = step_losses(provenance);
  if (losses.empty()) return describe_loss(provenance);
  return fmt::format("{} in {} steps  {}",
                     describe_loss(provenance),
                     losses.size(),
                     sparkline(losses, kSparkColumns));
}

std::string describe_sites_loss(const Json& provenance) {
  const std::string loss = describe_transport(provenance);
  return loss.empty() ? "" : loss + ", mean over the sites";
}

void print_parts(const Json& provenance) {
  if (!provenance.contains("parts") || !provenance["parts"].is_array()) return;
  for (const Json& part : provenance["parts"]) {
    if (!part.is_object()) continue;
    print_fact(
        "of",
        fmt::format("{} at strength {} ({})",
                    word(part, "name"),
                    word(part, "strength"),
                    word(part.value("provenance", Json::object()), "method")));
  }
}

void print_provenance(const std::string& path, const MapSet& set) {
  const Json& provenance = set.provenance;
  int64_t neurons = 0;
  for (const auto& [key, map] : set.maps) neurons += map.width();
  fmt::print("{}\n", path);
  print_fact("maps",
             fmt::format("{}, of {} neurons in all", set.maps.size(), neurons));
  print_fact("acts on",
             fmt::format("position {}, tokens {}, guidance {}",
                         to_string(set.rules.position),
                         to_string(set.rules.tokens),
                         to_string(set.rules.guidance)));
  print_fact("method", word(provenance, "method"));
  print_fact("options", changed_options(provenance));
  print_fact("from", word(provenance, "from"));
  print_parts(provenance);
  print_fact("model", describe_model(provenance));
  print_fact("source", describe_prompts(provenance, "source"));
  print_fact("target", describe_prompts(provenance, "target"));
  print_fact("sites", word(provenance, "sites"));
  print_fact("matched", word(provenance, "match"));
  print_fact("loss", describe_descent(provenance));
  print_fact("transport", describe_sites_loss(provenance));
  print_fact("support", describe_support(provenance));
  print_fact("calibrated", describe_calibration(provenance));
  for (const std::string& line : other_findings(provenance))
    print_fact("found", line);
  print_fact("tool", word(provenance, "tool"));
}

struct SiteFacts {
  int64_t support = 0;
  float max_scale = 0, max_shift = 0;

  explicit SiteFacts(const AffineMap& map)
      : support(moved_neurons(map).sum().item<int64_t>()),
        max_scale((map.scale_D - 1).abs().max().item<float>()),
        max_shift(map.shift_D.abs().max().item<float>()) {}
};

void print_as_json(const std::vector<NamedMap>& maps) {
  for (const auto& [name, map] : maps) {
    const SiteFacts facts(map);
    print_json({{"site", name},
                {"width", map.width()},
                {"support", facts.support},
                {"max_scale", facts.max_scale},
                {"max_shift", facts.max_shift}});
  }
}

void print_site_table(const std::vector<NamedMap>& maps) {
  fmt::print("\n{:>7}  {:>7}  {:>6}  {:>9}  {:>9}  site\n",
             "width",
             "support",
             "%",
             "max_scale",
             "max_shift");
  const auto print = [](int64_t width,
                        int64_t support,
                        double scale,
                        double shift,
                        const std::string& name) {
    fmt::print(
        "{:>7}  {:>7}  {:>6.1f}  {:>9.3g}  {:>9.3g}  {}\n",
        width,
        support,
        100.0 * static_cast<double>(support) / static_cast<double>(width),
        scale,
        shift,
        name);
  };
  int64_t width = 0, support = 0;
  float scale = 0, shift = 0;
  for (const auto& [name, map] : maps) {
    const SiteFacts facts(map);
    print(map.width(),
          facts.support,
          facts.max_scale,
          facts.max_shift,
          map.support ? name + "  (within a range)" : name);
    width += map.width();
    support += facts.support;
    scale = std::max(scale, facts.max_scale);
    shift = std::max(shift, facts.max_shift);
  }
  print(width, support, scale, shift, "in all");
}

struct Neuron {
  size_t site;
  int64_t index;
  float scale, shift;

  // How far the map moves a value of size 1, scale and shift taken apart.
  double moved() const { return std::hypot(scale - 1, shift); }
};

std::vector<Neuron> all_neurons(const std::vector<NamedMap>& maps) {
  std::vector<Neuron> neurons;
  for (size_t site = 0; site < maps.size(); ++site) {
    const Tensor scale_D = maps[site].second.scale_D.contiguous();
    const Tensor shift_D = maps[site].second.shift_D.contiguous();
    for (int64_t i = 0; i < scale_D.size(0); ++i)
      neurons.push_back({site,
                         i,
                         scale_D.const_data_ptr<float>()[i],
                         shift_D.const_data_ptr<float>()[i]});
  }
  return neurons;
}

void print_most_moved(std::vector<Neuron> neurons,
                      const std::vector<NamedMap>& maps,
                      int64_t top) {
  const auto count =
      std::min(neurons.size(), static_cast<size_t>(std::max<int64_t>(top, 0)));
  if (count == 0) return;
  std::partial_sort(
      neurons.begin(),
      neurons.begin() + static_cast<int64_t>(count),
      neurons.end(),
      [](const Neuron& a, const Neuron& b) { return a.moved() > b.moved(); });
  fmt::print(
      "\nmost moved\n{:>7}  {:>9}  {:>9}  site\n", "neuron", "scale", "shift");
  for (size_t i = 0; i < count; ++i)
    fmt::print("{:>7}  {:>9.4g}  {:>+9.4g}  {}\n",
               neurons[i].index,
               neurons[i].scale,
               neurons[i].shift,
               maps[neurons[i].site].first);
}

size_t bin_of(double size) {
  if (size < std::pow(10, kFirstDecade)) return 0;
  // A hair upwards: 1e-3 in float lies below 1e-3.
  const double decade = std::floor(std::log10(size) + 1e-6);
  return static_cast<size_t>(
      std::clamp<double>(decade - kFirstDecade + 1, 0, kBins - 1));
}

void print_histogram(const std::vector<Neuron>& neurons) {
  std::array<int64_t, kBins> scales{}, shifts{};
  for (const Neuron& neuron : neurons) {
    ++scales[bin_of(std::abs(neuron.scale - 1))];
    ++shifts[bin_of(std::abs(neuron.shift))];
  }
  const auto count = static_cast<double>(neurons.size());
  const auto column = [&](int64_t n) {
    return fmt::format(
        "{:>7} {}", n, bar(static_cast<double>(n) / count, kBarColumns));
  };
  fmt::print("\n{:>14}  {:<{}}  {}\n",
             "neurons with",
             "|scale - 1|",
             kBarColumns + 8,
             "|shift|");
  for (size_t bin = 0; bin < kBins; ++bin) {
    const std::string line = fmt::format("{:>14}  {}  {}",
                                         kBinNames[bin],
                                         column(scales[bin]),
                                         column(shifts[bin]));
    fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
  }
}

}  // namespace

void inspect_map(const std::string& path, const InspectMapOptions& options) {
  const MapSet set = read_map_set(path);
  SiteTable table;
  for (const auto& [key, map] : set.maps)
    table.add(to_string(key), map.width());
  std::vector<NamedMap> chosen;
  for (const SiteIndex index : table.match(options.sites))
    chosen.emplace_back(table[index].name, set.maps[index].second);
  if (options.json) return print_as_json(chosen);
  print_provenance(path, set);
  print_site_table(chosen);
  const std::vector<Neuron> neurons = all_neurons(chosen);
  print_most_moved(neurons, chosen, options.top);
  print_histogram(neurons);
}

}  // namespace lineas
