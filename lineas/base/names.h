// Helping a person who mistyped a name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lineas {

/// Levenshtein distance in bytes.
int edit_distance(std::string_view a, std::string_view b);

/// "Nearest: a, b, c." for the at most three names closest to `name`, or
/// "There are none." where `names` is empty.
std::string nearest_names(std::string_view name,
                          const std::vector<std::string>& names);

}  // namespace lineas
