// Reading JSON that came from outside. Wraps nlohmann::json so that every
// failure is an Error that names the file and the key.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lineas {

using Json = nlohmann::json;

/// Parses UTF-8 JSON text. `where` (a path, "path:line") starts the message of
/// the format Error that is thrown when the text is not JSON, or nests deeper
/// than 64 levels.
Json parse_json(std::string_view text, std::string_view where);

/// The same, and an object with one key twice is a format Error too (the plain
/// form keeps the last).
Json parse_json_unique(std::string_view text, std::string_view where);

/// Reads and parses a JSON file. Throws not_found or format.
Json read_json(const std::string& path);

/// object[key] as T (bool, an integer, a float, std::string, Json, or a
/// std::vector of those); a missing key or a wrong type is a format Error that
/// names `where` and the key.
template <typename T>
T require(const Json& object, std::string_view key, std::string_view where);

/// The text object[key], or "" where there is none: for what is only told.
std::string text_or_none(const Json& object, std::string_view key);

/// object[key] as T, or `fallback` where the key is absent or null.
template <typename T>
T value_or(const Json& object,
           std::string_view key,
           std::string_view where,
           T fallback);

/// object[key] as T, or `fallback` where the key is absent: null is refused.
template <typename T>
T unless_absent(const Json& object,
                std::string_view key,
                std::string_view where,
                T fallback);

}  // namespace lineas

#include "lineas/base/json_inl.h"
