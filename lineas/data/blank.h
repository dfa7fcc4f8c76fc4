// Texts in which a reader sees nothing: they are no prompts.
#pragma once

#include <string_view>

namespace lineas {

/// Whether UTF-8 `text` is empty or made of blanks alone: white space of any
/// width (no-break and ideographic too), zero-width and control characters.
bool is_blank(std::string_view text);

/// `text` without the blanks around it.
std::string_view trim_blanks(std::string_view text);

}  // namespace lineas
