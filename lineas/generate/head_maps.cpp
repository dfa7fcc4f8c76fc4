#include "lineas/generate/head_maps.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

bool has_map_at(const MapSet& set, const Site& site) {
  return std::any_of(
      set.maps.begin(), set.maps.end(), [&site](const auto& entry) {
        return entry.first.site == site.name;
      });
}

// A generating head gets each row's last token, a scoring one all but that.
bool needs_other_tokens(const MapRules& rules, HeadUse use) {
  if (rules.position == Position::avg) return true;
  return use == HeadUse::score && (rules.position == Position::last ||
                                   rules.tokens.kind == TokenScope::Kind::last);
}

}  // namespace

void check_head_maps(const Site& head,
                     const std::vector<Steering>& steerings,
                     HeadUse use) {
  for (const Steering& steering : steerings)
    if (needs_other_tokens(steering.set.rules, use) &&
        has_map_at(steering.set, head))
      fail(ErrorKind::unsupported,
           "{}: has a map at \"{}\" with position {}, tokens {}; the head does "
           "not see all tokens of a row here. Use --position all --tokens all, "
           "or a map without that site.",
           steering.name,
           head.name,
           to_string(steering.set.rules.position),
           to_string(steering.set.rules.tokens));
}

}  // namespace lineas
