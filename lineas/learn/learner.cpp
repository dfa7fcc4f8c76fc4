#include "lineas/learn/learner.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

template <typename T>
bool has_duplicates(std::vector<T> items) {
  std::sort(items.begin(), items.end());
  return std::adjacent_find(items.begin(), items.end()) != items.end();
}

void check_rows(const std::vector<int64_t>& rows, int64_t count) {
  for (const int64_t row : rows)
    if (row < 0 || row >= count)
      fail(ErrorKind::usage, "row {}: there are {} prompts", row, count);
}

}  // namespace

void check_problem(const Problem& problem) {
  if (problem.source_rows.empty() || problem.target_rows.empty())
    fail(ErrorKind::usage,
         "learning needs prompts on both sides, not {} source and {} target",
         problem.source_rows.size(),
         problem.target_rows.size());
  if (problem.map_sites.empty() || problem.match_sites.empty())
    fail(ErrorKind::usage, "learning needs a site to map and one to match");
  if (has_duplicates(problem.map_sites) || has_duplicates(problem.match_sites))
    fail(ErrorKind::usage, "a site is listed twice");
  check_rows(problem.source_rows, problem.drive.row_count());
  check_rows(problem.target_rows, problem.drive.row_count());
}

}  // namespace lineas
