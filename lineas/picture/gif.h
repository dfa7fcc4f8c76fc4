// Animations: the pictures of a slider one after the other. Writing only.
#pragma once

#include <string>
#include <vector>

#include "lineas/picture/picture.h"

namespace lineas {

struct GifOptions {
  int frame_ms = 400;
  /// The last picture, and with `back_and_forth` the first, stay three times
  /// as long.
  bool back_and_forth = true;
};

/// The bytes of a GIF that runs for ever, all frames in one palette. Throws
/// shape for frames of different sizes, of none, or above 65535 a side.
std::string encode_gif(const std::vector<Picture>& frames,
                       const GifOptions& options = {});
/// The same, written whole or not at all.
void write_gif(const std::string& path,
               const std::vector<Picture>& frames,
               const GifOptions& options = {});

}  // namespace lineas
