#include "lineas/tap/place.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {

std::string name_of(const Place& place, const SiteTable& sites) {
  const std::string& site = sites[place.site].name;
  return place.step == kEveryStep ? site
                                  : fmt::format("{}@{}", site, place.step);
}

int64_t width_of(const Place& place, const SiteTable& sites) {
  return sites[place.site].width;
}

std::vector<Place> at_every_step(std::span<const SiteIndex> sites) {
  std::vector<Place> places;
  for (const SiteIndex site : sites) places.push_back({site});
  return places;
}

PlaceList::PlaceList(std::vector<Place> places) : places_(std::move(places)) {
  for (size_t number = 0; number < places_.size(); ++number) {
    const Place& place = places_[number];
    const auto site = static_cast<size_t>(place.site);
    if (by_site_.size() <= site) by_site_.resize(site + 1);
    for (const size_t other : by_site_[site])
      if (places_[other].step == place.step || place.step == kEveryStep ||
          places_[other].step == kEveryStep)
        fail(ErrorKind::usage, "a site is listed twice");
    by_site_[site].push_back(number);
  }
}

int64_t PlaceList::find(SiteIndex site, int step) const {
  if (static_cast<size_t>(site) >= by_site_.size()) return -1;
  for (const size_t number : by_site_[site])
    if (places_[number].covers(site, step)) return static_cast<int64_t>(number);
  return -1;
}

}  // namespace lineas
