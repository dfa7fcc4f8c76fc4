#include "lineas/picture/lettering.h"

#include <algorithm>

#include "lineas/base/utf8.h"

namespace lineas {
namespace {

// A character's cover of each pixel, row by row, a digit 0-f each.
struct Glyph {
  int width;
  const char* cover;
};

struct Alphabet {
  int height;
  const Glyph* glyphs;  // from ' ' to '~'
};

constexpr Glyph kSmall[] = {
#include "lineas/picture/letters_small.inc"
};
constexpr Glyph kLarge[] = {
#include "lineas/picture/letters_large.inc"
};
static_assert(std::size(kSmall) == 95 && std::size(kLarge) == 95);

Alphabet alphabet(TextSize size) {
  if (size == TextSize::small) return {17, kSmall};
  return {32, kLarge};
}

const Glyph& glyph_of(char c, TextSize size) {
  return alphabet(size).glyphs[c >= ' ' && c <= '~' ? c - ' ' : '?' - ' '];
}

// One byte a character.
std::string as_ascii(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const Utf8Step step = next_utf8(text);
    const bool is_ascii = step.code && *step.code < 0x80;
    const char c = is_ascii ? static_cast<char>(*step.code) : '?';
    plain += c == '\n' || c == '\t' ? ' ' : c;
    text.remove_prefix(std::max<size_t>(step.length, 1));
  }
  return plain;
}

int64_t ascii_width(std::string_view text, TextSize size) {
  int64_t width = 0;
  for (const char c : text) width += glyph_of(c, size).width;
  return width;
}

// How many characters of the text one line takes, and how many go with it.
size_t fitting(std::string_view text, TextSize size, int64_t width) {
  int64_t used = 0;
  size_t count = 0;
  while (count < text.size()) {
    used += glyph_of(text[count], size).width;
    if (used > width) break;
    ++count;
  }
  if (count == text.size()) return count;
  const size_t space = text.substr(0, count + 1).rfind(' ');
  const bool breaks_well = space != std::string_view::npos && space > 0;
  return breaks_well ? space : std::max<size_t>(count, 1);
}

std::string shortened(std::string_view text, TextSize size, int64_t width) {
  std::string line(text);
  while (!line.empty() && ascii_width(line + "...", size) > width)
    line.pop_back();
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line + "...";
}

void blend(uint8_t* pixel, int cover) {
  for (int c = 0; c < 3; ++c)
    pixel[c] = static_cast<uint8_t>(
        (pixel[c] * (15 - cover) + kInk[c] * cover + 7) / 15);
}

}  // namespace

int64_t line_height(TextSize size) {
  return alphabet(size).height;
}

int64_t text_width(std::string_view text, TextSize size) {
  return ascii_width(as_ascii(text), size);
}

std::vector<std::string> wrap_text(std::string_view text,
                                   TextSize size,
                                   int64_t width,
                                   size_t most) {
  const std::string plain = as_ascii(text);
  std::string_view rest = plain;
  std::vector<std::string> lines;
  while (!rest.empty() && lines.size() < most) {
    const size_t count = fitting(rest, size, width);
    const bool is_cut = count < rest.size() && lines.size() + 1 == most;
    lines.push_back(is_cut ? shortened(rest, size, width)
                           : std::string(rest.substr(0, count)));
    rest.remove_prefix(count);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  }
  return lines;
}

void draw_text(Picture& picture,
               int64_t x,
               int64_t y,
               std::string_view text,
               TextSize size) {
  const int height = alphabet(size).height;
  for (const char c : as_ascii(text)) {
    const Glyph& glyph = glyph_of(c, size);
    for (int i = 0; i < glyph.width * height; ++i) {
      const int64_t left = x + i % glyph.width;
      const int64_t top = y + i / glyph.width;
      const char digit = glyph.cover[i];
      if (digit == '0' || left < 0 || top < 0 || left >= picture.width ||
          top >= picture.height)
        continue;
      blend(picture.row(top) + left * 3,
            digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    x += glyph.width;
  }
}

}  // namespace lineas
