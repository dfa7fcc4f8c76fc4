// Holding a map set against a model before it is used there.
#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/names.h"
#include "lineas/base/printable.h"
#include "lineas/maps/map_set.h"

namespace lineas {
namespace {

void warn_of_steps(const MapSet& set,
                   const MapHost& host,
                   const std::string& where) {
  const auto is_silent = [&host](const MapList::Entry& entry) {
    return entry.first.step.value_or(0) >= host.steps;
  };
  const auto first = std::find_if(set.maps.begin(), set.maps.end(), is_silent);
  if (first == set.maps.end()) return;
  const auto count = static_cast<size_t>(
      std::count_if(set.maps.begin(), set.maps.end(), is_silent));
  const std::string which =
      count == set.maps.size()
          ? "does nothing here: all of its maps"
          : fmt::format(
                "does less here: {} of its {} maps", count, set.maps.size());
  log_warning(
      "{}: {} are for single denoising steps (\"{}\") that {} does not take; "
      "it knows {}",
      where,
      which,
      printable(to_string(first->first)),
      host.name,
      host.steps == 1 ? "step 0 alone"
                      : fmt::format("steps 0 to {}", host.steps - 1));
}

void warn_of_weights(const MapSet& set,
                     const MapHost& host,
                     const std::string& where) {
  if (host.fingerprint.empty()) return;
  const std::string inside = where + ": metadata \"provenance\"";
  const Json learned_on =
      value_or(set.provenance, "model", inside, Json::object());
  const std::string model = inside + ": \"model\"";
  const std::string fingerprint =
      value_or<std::string>(learned_on, "fingerprint", model, "");
  if (!fingerprint.empty() && fingerprint != host.fingerprint)
    log_warning(
        "{}: was learned on other weights of the same shape ({}) than {} has",
        where,
        printable(value_or<std::string>(learned_on, "id", model, "?")),
        host.name);
}

}  // namespace

void check_fits(const MapSet& set,
                const SiteTable& sites,
                const std::string& where) {
  for (const auto& [key, map] : set.maps) {
    const SiteIndex index = sites.find(key.site);
    if (index < 0)
      fail(ErrorKind::shape,
           "{}: is for a site \"{}\" that this model does not have. {} Was "
           "the map learned on another model?",
           where,
           printable(key.site),
           nearest_names(key.site, sites.names()));
    if (sites[index].width != map.width())
      fail(ErrorKind::shape,
           "{}: the map of site \"{}\" has {} neurons, the model has {} there. "
           "Was the map learned on another model?",
           where,
           printable(key.site),
           map.width(),
           sites[index].width);
  }
}

void check_fits(const MapSet& set,
                const MapHost& host,
                const std::string& where) {
  check_fits(set, host.sites, where);
  warn_of_steps(set, host, where);
  warn_of_weights(set, host, where);
}

}  // namespace lineas
