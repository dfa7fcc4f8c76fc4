// The filters (`value | name(...)`) and tests (`value is name(...)`) of Jinja,
// by name. Each is a function of the value and the arguments; those that take
// the name of another one call it from here.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "lineas/jinja/machine.h"

namespace lineas::jinja {

using Filter = Value (*)(Machine&, const Value&, const Arguments&);
using Test = std::function<bool(Machine&, const Value&, const Arguments&)>;
using FilterTable = std::unordered_map<std::string, Filter>;

/// Throws format for a name that Jinja does not know, unsupported for one that
/// this program does not run.
Value call_filter(Machine& machine,
                  const std::string& name,
                  const Value& value,
                  const Arguments& arguments);
bool call_test(Machine& machine,
               const std::string& name,
               const Value& value,
               const Arguments& arguments);
bool has_filter(const std::string& name);
bool has_test(const std::string& name);

/// The parts of the table, by what they work on.
void add_text_filters(FilterTable& table);
void add_number_filters(FilterTable& table);
void add_sequence_filters(FilterTable& table);
void add_choosing_filters(FilterTable& table);

}  // namespace lineas::jinja
