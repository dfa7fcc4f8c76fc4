// JSON from outside as values of a template. Order is kept.
#pragma once

#include <nlohmann/json.hpp>

#include "lineas/jinja/value.h"

namespace lineas::jinja {

/// Throws format for text that is not UTF-8, unsupported for integers of more
/// than 64 bits, resource for values that lie too deep.
Value from_json(const nlohmann::ordered_json& json);

}  // namespace lineas::jinja
