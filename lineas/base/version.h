// The program's version: what --version prints and a map's provenance keeps.
#pragma once

namespace lineas {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace lineas
