#include "lineas/tap/drive.h"

#include "lineas/base/error.h"

namespace lineas {

Trajectory Drive::begin(std::span<const int64_t> rows) {
  return {.rows = {rows.begin(), rows.end()}};
}

void Drive::finish(Trajectory& trajectory, Tap& tap) {
  do {
    advance(trajectory, tap);
  } while (trajectory.segment < segments() && !tap.finished());
}

void Drive::run(std::span<const int64_t> rows, Tap& tap) {
  Trajectory trajectory = begin(rows);
  finish(trajectory, tap);
}

std::vector<Place> Drive::places(const std::string& pattern,
                                 bool each_step) const {
  const std::vector<SiteIndex> matched = sites().match(pattern);
  const bool is_one = !each_step || steps() == 1;
  std::vector<Place> places;
  for (int step = 0; step < (is_one ? 1 : steps()); ++step)
    for (const SiteIndex site : matched)
      places.push_back(is_one ? Place{site} : Place{site, step});
  std::erase_if(places,
                [this](const Place& place) { return !comes_by(place); });
  if (places.empty())
    fail(ErrorKind::not_found,
         "{}: runs come by none of the sites that it names, of which \"{}\" is "
         "the first",
         pattern,
         sites()[matched.front()].name);
  return places;
}

}  // namespace lineas
