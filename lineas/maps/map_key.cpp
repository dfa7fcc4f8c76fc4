#include "lineas/maps/map_key.h"

#include <fmt/format.h>

#include "lineas/base/numbers.h"

namespace lineas {
namespace {

// FLUX's single blocks alone have a site `name` and another `name:0` (see
// SiteTable), so that theirs must not become one key.
bool is_half_of_joined(std::string_view site) {
  constexpr std::string_view kBlocks = "single_transformer_blocks.";
  const size_t begin = site.rfind(kBlocks);
  if (begin == site.npos || !site.ends_with(":0")) return false;
  const std::string_view number = site.substr(
      begin + kBlocks.size(), site.size() - begin - kBlocks.size() - 2);
  return parse_number<uint64_t>(number).has_value();
}

}  // namespace

MapKey key_of(const Place& place, const SiteTable& sites) {
  const std::string& site = sites[place.site].name;
  return place.step == kEveryStep ? MapKey(site) : MapKey(site, place.step);
}

std::string to_string(const MapKey& key) {
  return key.step ? fmt::format("{}@{}", key.site, *key.step) : key.site;
}

MapKey parse_map_key(const std::string& text) {
  MapKey key(text);
  const size_t at = text.rfind('@');
  if (at != std::string::npos)
    if (const auto step = parse_number<int>(text.substr(at + 1));
        step && *step >= 0)
      key = {text.substr(0, at), *step};
  if (key.site.ends_with(":0") && !is_half_of_joined(key.site))
    key.site.resize(key.site.size() - 2);
  return key;
}

}  // namespace lineas
