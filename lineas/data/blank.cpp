#include "lineas/data/blank.h"

#include <algorithm>
#include <array>

#include "lineas/base/utf8.h"

namespace lineas {
namespace {

struct CodeRange {
  char32_t first, last;
};

// Unicode's White_Space, C0 and C1, and the letters without a shape.
constexpr std::array kBlanks = {
    CodeRange{0x0000, 0x0020},
    CodeRange{0x007f, 0x00a0},
    CodeRange{0x00ad, 0x00ad},  // soft hyphen
    CodeRange{0x034f, 0x034f},  // grapheme joiner
    CodeRange{0x061c, 0x061c},  // Arabic letter mark
    CodeRange{0x115f, 0x1160},  // Hangul fillers
    CodeRange{0x1680, 0x1680},
    CodeRange{0x180e, 0x180e},
    CodeRange{0x2000, 0x200f},  // spaces, zero-width ones, direction marks
    CodeRange{0x2028, 0x202f},
    CodeRange{0x205f, 0x206f},
    CodeRange{0x2800, 0x2800},  // Braille blank
    CodeRange{0x3000, 0x3000},  // ideographic space
    CodeRange{0x3164, 0x3164},  // Hangul filler
    CodeRange{0xfe00, 0xfe0f},  // variation selectors
    CodeRange{0xfeff, 0xfeff},  // byte order mark
    CodeRange{0xffa0, 0xffa0},  // Hangul filler
};

bool is_blank_code(char32_t code) {
  return std::any_of(kBlanks.begin(), kBlanks.end(), [code](CodeRange range) {
    return code >= range.first && code <= range.last;
  });
}

// Bytes of the blanks that `text` begins with.
size_t leading_blanks(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Utf8Step step = next_utf8(text.substr(at));
    if (!step.code || !is_blank_code(*step.code)) break;
    at += step.length;
  }
  return at;
}

}  // namespace

bool is_blank(std::string_view text) {
  return leading_blanks(text) == text.size();
}

std::string_view trim_blanks(std::string_view text) {
  text.remove_prefix(leading_blanks(text));
  size_t end = 0;  // behind the last character that is none
  for (size_t at = 0; at < text.size();) {
    const size_t blanks = leading_blanks(text.substr(at));
    at += blanks > 0 ? blanks
                     : std::max<size_t>(next_utf8(text.substr(at)).length, 1);
    if (blanks == 0) end = std::min(at, text.size());
  }
  return text.substr(0, end);
}

}  // namespace lineas
