// What a map is known by: its site, and the denoising step where it acts at one
// step only. Text ("site@3") only where files are read and written and where a
// person reads it.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <utility>

#include "lineas/tap/place.h"

namespace lineas {

struct MapKey {
  std::string site;
  /// Nothing: every step.
  std::optional<int> step = std::nullopt;

  /// A site's name is its key at every step, also one with an "@" in it.
  MapKey(std::string of_site, std::optional<int> at_step = std::nullopt)
      : site(std::move(of_site)), step(at_step) {}
  MapKey(const char* of_site) : site(of_site) {}
  auto operator<=>(const MapKey&) const = default;
};

MapKey key_of(const Place& place, const SiteTable& sites);

/// "site" or "site@step".
std::string to_string(const MapKey& key);
/// The inverse, for readers of files; ":0" behind the site is dropped, but
/// where the site without it is another (FLUX's single blocks).
MapKey parse_map_key(const std::string& text);

}  // namespace lineas
