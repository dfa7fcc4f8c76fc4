// At most 256 colours for pictures of many: chosen by median cut (Heckbert
// 1982), what is lost is spread over the neighbours (Floyd and Steinberg 1976).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lineas/picture/picture.h"

namespace lineas {

/// Colours for all the pictures together: their own where they are few enough.
std::vector<Colour> choose_palette(const std::vector<Picture>& pictures,
                                   size_t most = 256);

/// The number in the palette of every pixel.
std::vector<uint8_t> reduce_colours(const Picture& picture,
                                    const std::vector<Colour>& palette);

}  // namespace lineas
