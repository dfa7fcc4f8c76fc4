// A picture of 8-bit colours and what is done to whole ones. Knows no files
// and no tensors.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace lineas {

using Colour = std::array<uint8_t, 3>;  // red, green, blue
inline constexpr Colour kWhite = {255, 255, 255};
inline constexpr Colour kInk = {34, 34, 34};

/// Rows from the top, pixels from the left, three bytes each.
struct Picture {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<uint8_t> rgb;

  uint8_t* row(int64_t y) { return rgb.data() + y * width * 3; }
  const uint8_t* row(int64_t y) const { return rgb.data() + y * width * 3; }

  bool operator==(const Picture&) const = default;
};

/// More pixels than this are refused.
inline constexpr int64_t kMostPixels = int64_t{1} << 28;

/// One colour all over. Throws shape for a size below 1 or above the limit.
Picture blank_picture(int64_t width, int64_t height, Colour colour = kWhite);

/// Puts `picture` onto another, its left upper corner at (x, y); it must lie
/// inside (else shape).
void paste(Picture& onto, const Picture& picture, int64_t x, int64_t y);

/// Every pixel as a square of factor x factor.
Picture magnify(const Picture& picture, int64_t factor);

}  // namespace lineas
