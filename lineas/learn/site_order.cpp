#include "lineas/learn/site_order.h"

#include <algorithm>
#include <numeric>

#include "lineas/base/error.h"
#include "lineas/maps/steer_tap.h"
#include "lineas/tap/recorder.h"

namespace lineas {
namespace {

constexpr const char* kMiddle = "unet.mid_block";
constexpr const char* kUp = "unet.up_blocks";

// By row of the drive: whether the maps so far act on it.
std::vector<double> factors(const Problem& problem, bool map_target) {
  std::vector<double> factors(problem.drive.row_count(), map_target ? 1 : 0);
  for (const int64_t row : problem.source_rows) factors[row] = 1;
  return factors;
}

std::vector<std::string> names_of(const Problem& problem) {
  std::vector<std::string> names;
  for (const Place& place : problem.map_places)
    names.push_back(problem.drive.name_of(place));
  return names;
}

}  // namespace

SiteOrder parse_site_order(const std::string& text) {
  if (text == "visiting") return SiteOrder::visiting;
  if (text == "listed") return SiteOrder::listed;
  fail(ErrorKind::usage, "--site-order {}: use visiting or listed", text);
}

std::vector<size_t> listed_order(const std::vector<std::string>& names) {
  std::vector<size_t> order(names.size());
  std::iota(order.begin(), order.end(), 0);
  const auto begin = std::find_if(order.begin(), order.end(), [&](size_t i) {
    return names[i].starts_with(kUp);
  });
  const auto end = std::find_if(begin, order.end(), [&](size_t i) {
    return !names[i].starts_with(kUp) && !names[i].starts_with(kMiddle);
  });
  std::stable_partition(
      begin, end, [&](size_t i) { return names[i].starts_with(kMiddle); });
  return order;
}

void fit_as_listed(const Problem& problem,
                   const FrontierOptions& options,
                   const FrontierFit& fit) {
  std::vector<int64_t> rows = problem.source_rows;
  rows.insert(
      rows.end(), problem.target_rows.begin(), problem.target_rows.end());
  const auto n = static_cast<int64_t>(problem.source_rows.size());
  const auto m = static_cast<int64_t>(problem.target_rows.size());
  const std::vector<double> acts_on = factors(problem, options.map_target);
  MapSet so_far;
  so_far.rules.position = options.response.position;
  for (const size_t place : listed_order(names_of(problem))) {
    SteerTap maps(problem.drive.sites(), {{so_far}}, acts_on);
    const Tensor pooled = record(problem.drive,
                                 rows,
                                 {problem.map_places[place]},
                                 {.reading = options.response.reading,
                                  .micro_batch = options.response.micro_batch,
                                  .before = &maps})[0];
    so_far.maps.add(key_of(problem.map_places[place], problem.drive.sites()),
                    fit(place, pooled.narrow(0, 0, n), pooled.narrow(0, n, m)));
  }
}

}  // namespace lineas
