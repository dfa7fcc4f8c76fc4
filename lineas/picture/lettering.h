// Words in pictures: two sizes of a small built-in alphabet (ASCII).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lineas/picture/picture.h"

namespace lineas {

enum class TextSize { small, large };  // lines of 17 and 32 pixels

int64_t line_height(TextSize size);
int64_t text_width(std::string_view text, TextSize size);

/// Lines of at most `width` pixels, broken at spaces where possible; what does
/// not fit into `most` lines is replaced by "...".
std::vector<std::string> wrap_text(std::string_view text,
                                   TextSize size,
                                   int64_t width,
                                   size_t most);

/// One line, its left upper corner at (x, y); what lies outside is not drawn,
/// what is not ASCII is drawn as "?".
void draw_text(Picture& picture,
               int64_t x,
               int64_t y,
               std::string_view text,
               TextSize size);

}  // namespace lineas
