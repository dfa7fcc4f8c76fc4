// A place: a site at one denoising step, or at every step. Where maps act and
// where responses are read is said in places; a text model knows one step, so
// there a place is a site.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lineas/tap/site.h"

namespace lineas {

inline constexpr int kEveryStep = -1;

struct Place {
  SiteIndex site = -1;
  int step = kEveryStep;

  bool covers(SiteIndex at_site, int at_step) const {
    return site == at_site && (step == kEveryStep || step == at_step);
  }
  bool operator==(const Place&) const = default;
};

/// "site", or "site@step" where it is one step's.
std::string name_of(const Place& place, const SiteTable& sites);
int64_t width_of(const Place& place, const SiteTable& sites);

/// The same sites at every step.
std::vector<Place> at_every_step(std::span<const SiteIndex> sites);

/// A list of places that do not overlap, found by site and step.
class PlaceList {
 public:
  PlaceList() = default;
  /// Throws usage where a site is listed twice for one step.
  explicit PlaceList(std::vector<Place> places);

  size_t size() const { return places_.size(); }
  const Place& operator[](size_t number) const { return places_[number]; }
  const std::vector<Place>& all() const { return places_; }
  /// Number of the place that covers this visit, or -1.
  int64_t find(SiteIndex site, int step) const;

 private:
  std::vector<Place> places_;
  std::vector<std::vector<size_t>> by_site_;
};

}  // namespace lineas
