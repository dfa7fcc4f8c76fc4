#include "lineas/learn/learn.h"

#include <numeric>

#include "lineas/base/version.h"
#include "lineas/learn/methods.h"

namespace lineas {
namespace {

std::vector<int64_t> rows_between(int64_t begin, int64_t end) {
  std::vector<int64_t> rows(end - begin);
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

}  // namespace

MapSet learn(Drive& drive,
             const LearnSides& sides,
             const LearnOptions& options,
             Progress& progress) {
  const auto learner =
      make_learner(options.method, options.options, options.files);
  const std::string match =
      options.match.empty() ? options.sites : options.match;
  Json identity = sides.identity;
  identity["tool"] = fmt::format("lineas.cpp {}", kVersion);
  identity["sites"] = options.sites;
  identity["match"] = match;
  const Problem problem{
      .drive = drive,
      .source_rows = rows_between(0, sides.source_rows),
      .target_rows = rows_between(sides.source_rows, drive.row_count()),
      .map_places = drive.places(options.sites, options.per_step),
      .match_places = drive.places(match, /*each_step=*/true),
      .device = sides.device,
      .by_segment = sides.by_segment,
      .identity = identity};
  MapSet set = learner->learn(problem, progress);
  set.rules.tokens = options.tokens;
  return set;
}

}  // namespace lineas
