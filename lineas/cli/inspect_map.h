// What `lineas inspect` says of a map file: where it comes from and what it
// moves.
#pragma once

#include <string>

namespace lineas {

struct InspectMapOptions {
  std::string sites = ".*";
  int64_t top = 5;  // most moved neurons to list
  bool json = false;
};

/// Prints to stdout. Throws as read_map_set does, and not_found for `sites`
/// that fit none.
void inspect_map(const std::string& path, const InspectMapOptions& options);

}  // namespace lineas
