#include "lineas/tap/drive.h"

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
  if (!each_step || segments() == 1) return at_every_step(matched);
  std::vector<Place> places;
  for (int step = 0; step < segments(); ++step)
    for (const SiteIndex site : matched) places.push_back({site, step});
  return places;
}

}  // namespace lineas
