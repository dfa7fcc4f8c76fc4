#include "lineas/base/names.h"

#include <algorithm>
#include <numeric>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

constexpr size_t kLongestName = 1024;

}  // namespace

void check_site_name(std::string_view name, std::string_view where) {
  if (!name.empty() && name.size() <= kLongestName &&
      printable_whole(name) == name)
    return;
  fail(ErrorKind::format,
       "{}: \"{}\" is no name for a site: one has 1 to {} bytes of UTF-8 "
       "without control characters",
       where,
       printable(name),
       kLongestName);
}

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string nearest_names(std::string_view name,
                          const std::vector<std::string>& names) {
  if (names.empty()) return "There are none.";
  std::vector<std::pair<int, std::string>> ranked;
  // What begins alike is nearer than any other word: "gen", "generate".
  for (const std::string& candidate : names)
    ranked.emplace_back(name.size() > 1 && candidate.starts_with(name)
                            ? 0
                            : edit_distance(name, candidate),
                        candidate);
  const size_t count = std::min<size_t>(3, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + count, ranked.end());
  std::vector<std::string> nearest;
  for (size_t i = 0; i < count; ++i) nearest.push_back(ranked[i].second);
  return fmt::format("Nearest: {}.", fmt::join(nearest, ", "));
}

}  // namespace lineas
