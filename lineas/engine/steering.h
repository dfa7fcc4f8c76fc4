// A map as a user asks for it, read and held against a model.
#pragma once

#include <optional>
#include <string>

#include "lineas/maps/map_set.h"

namespace lineas {

/// A map as a user asks for it.
struct SteerRequest {
  /// As parse_map_spec reads it; without a strength, 1.
  std::string spec;
  /// Strengths outside [0, 1] are an error otherwise.
  bool allow_any_strength = false;
  /// Instead of what the map file says (that is logged).
  std::optional<Position> position = std::nullopt;
  std::optional<TokenScope> tokens = std::nullopt;
  std::optional<Guidance> guidance = std::nullopt;
};

/// Reads the map; throws usage for a strength or a part of the denoising that
/// makes no sense here, and what read_map_set and check_fits do.
Steering load_steering(const SteerRequest& request, const MapHost& host);

/// Throws usage for a strength that is not a number, or outside [0, 1] unless
/// `allow_any`. `where` names it in the message.
void check_strength(double strength, bool allow_any, const std::string& where);

}  // namespace lineas
