#include "lineas/learn/learner.h"

#include "lineas/base/error.h"

namespace lineas {
namespace {

// Throws usage for places that overlap, and for a step that is not run.
void check_places(const std::vector<Place>& places, int64_t steps) {
  const PlaceList list(places);
  for (const Place& place : places)
    if (place.step >= steps)
      fail(ErrorKind::usage,
           "step {}: there are {} denoising steps, counted from 0",
           place.step,
           steps);
}

void check_rows(const std::vector<int64_t>& rows, int64_t count) {
  for (const int64_t row : rows)
    if (row < 0 || row >= count)
      fail(ErrorKind::usage, "row {}: there are {} prompts", row, count);
}

}  // namespace

Problem with_drive(const Problem& problem, Drive& drive) {
  return {.drive = drive,
          .source_rows = problem.source_rows,
          .target_rows = problem.target_rows,
          .map_places = problem.map_places,
          .match_places = problem.match_places,
          .device = problem.device,
          .by_segment = problem.by_segment,
          .keep_rows = problem.keep_rows,
          .identity = problem.identity};
}

void check_problem(const Problem& problem) {
  if (problem.source_rows.empty() || problem.target_rows.empty())
    fail(ErrorKind::usage,
         "learning needs prompts on both sides, not {} source and {} target",
         problem.source_rows.size(),
         problem.target_rows.size());
  if (problem.map_places.empty() || problem.match_places.empty())
    fail(ErrorKind::usage, "learning needs a site to map and one to match");
  check_places(problem.map_places, problem.drive.steps());
  check_places(problem.match_places, problem.drive.steps());
  check_rows(problem.source_rows, problem.drive.row_count());
  check_rows(problem.target_rows, problem.drive.row_count());
}

}  // namespace lineas
