// The functions that every template can call: range, namespace, dict, cycler,
// joiner, and those that transformers adds: raise_exception, strftime_now.
#pragma once

#include <string>
#include <unordered_map>

#include "lineas/jinja/machine.h"

namespace lineas::jinja {

std::unordered_map<std::string, Value> global_functions();

/// Python's strftime of a moment without a time zone, in English.
std::string format_moment(const Moment& moment, const std::string& format);

}  // namespace lineas::jinja
