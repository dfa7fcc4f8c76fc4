// Names of sites and tensors: which are taken, and helping a person who
// mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lineas {

/// Throws format unless `name` is a name for a site: 1 to 1024 bytes without
/// control characters. It becomes the name of a file, a word in a terminal, and
/// the text of a recursive search.
void check_site_name(std::string_view name, std::string_view where);

/// Levenshtein distance in bytes.
int edit_distance(std::string_view a, std::string_view b);

/// "Nearest: a, b, c." for the at most three names closest to `name`, or
/// "There are none." where `names` is empty.
std::string nearest_names(std::string_view name,
                          const std::vector<std::string>& names);

}  // namespace lineas
