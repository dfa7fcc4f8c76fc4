// What stands behind a dot or in brackets: attributes, methods, items, slices,
// looked up in the order of Jinja's immutable sandbox.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "lineas/jinja/machine.h"

namespace lineas::jinja {

/// value.name: an attribute or method, else the item of that name, else an
/// undefined value. Throws unsupported for what Python has and this program
/// has not, format where the value itself is undefined.
Value get_attribute(Machine& machine,
                    const Value& value,
                    const std::string& name);
/// value[key]: the item, else the attribute of that name, else undefined.
Value get_item(Machine& machine, const Value& value, const Value& key);
/// value[start:stop:step], each absent or none.
Value get_slice(Machine& machine,
                const Value& value,
                const std::array<Value, 3>& bounds);

/// "a.b.0": the path that filters like map(attribute=...) follow. Wherever it
/// leads to nothing, it goes on from `standard`, where that is not none.
Value follow_path(Machine& machine,
                  const Value& value,
                  const Value& path,
                  const Value& standard = {});

/// A method of a string, bound to it; nothing where Python has none.
std::optional<Value> text_method(const Value& text, const std::string& name);

}  // namespace lineas::jinja
