#include "lineas/picture/palette.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace lineas {
namespace {

// Colours that agree in their upper bits, 5 a channel.
struct Cell {
  Colour place;
  int64_t count = 0;
  std::array<int64_t, 3> sums = {};
};
using Cells = std::vector<Cell>;

int key_of(const uint8_t* rgb, int bits) {
  const int drop = 8 - bits;
  return ((rgb[0] >> drop) << (2 * bits)) | ((rgb[1] >> drop) << bits) |
         (rgb[2] >> drop);
}

Cells count_cells(const std::vector<Picture>& pictures) {
  std::map<int, Cell> found;
  for (const Picture& picture : pictures)
    for (size_t i = 0; i + 2 < picture.rgb.size(); i += 3) {
      const uint8_t* rgb = &picture.rgb[i];
      Cell& cell = found[key_of(rgb, 5)];
      ++cell.count;
      for (int c = 0; c < 3; ++c) {
        cell.place[c] = rgb[c] >> 3;
        cell.sums[c] += rgb[c];
      }
    }
  Cells cells;
  for (const auto& [key, cell] : found) cells.push_back(cell);
  return cells;
}

// A box around some of the cells.
struct Box {
  Cells cells;
  int64_t count = 0;
  int channel = 0;  // the longest side
  int length = 0;
};

Box box_of(Cells cells) {
  Box box{.cells = std::move(cells)};
  for (const Cell& cell : box.cells) box.count += cell.count;
  for (int c = 0; c < 3; ++c) {
    const auto [least, most] = std::minmax_element(
        box.cells.begin(), box.cells.end(), [&](const Cell& a, const Cell& b) {
          return a.place[c] < b.place[c];
        });
    const int length = most->place[c] - least->place[c];
    if (length > box.length) {
      box.length = length;
      box.channel = c;
    }
  }
  return box;
}

// Half of the pixels on either side of the longest side, none side empty.
std::pair<Box, Box> cut(Box box) {
  const int c = box.channel;
  std::sort(
      box.cells.begin(), box.cells.end(), [&](const Cell& a, const Cell& b) {
        return a.place[c] < b.place[c];
      });
  int64_t below = 0;
  size_t middle = 0;
  while (middle + 1 < box.cells.size() && 2 * below < box.count)
    below += box.cells[middle++].count;
  const auto at = box.cells.begin() + static_cast<std::ptrdiff_t>(middle);
  return {box_of({box.cells.begin(), at}), box_of({at, box.cells.end()})};
}

Colour mean_of(const Box& box) {
  Colour colour;
  for (int c = 0; c < 3; ++c) {
    int64_t sum = 0;
    for (const Cell& cell : box.cells) sum += cell.sums[c];
    colour[c] = static_cast<uint8_t>((sum + box.count / 2) / box.count);
  }
  return colour;
}

// The colours themselves, or more than `most` of them.
std::set<Colour> distinct(const std::vector<Picture>& pictures, size_t most) {
  std::set<Colour> colours;
  for (const Picture& picture : pictures)
    for (size_t i = 0; i + 2 < picture.rgb.size(); i += 3) {
      colours.insert({picture.rgb[i], picture.rgb[i + 1], picture.rgb[i + 2]});
      if (colours.size() > most) return colours;
    }
  return colours;
}

/// Answers the nearest colour of a palette, and remembers its answers.
class Nearest {
 public:
  explicit Nearest(const std::vector<Colour>& palette)
      : palette_(palette), known_(size_t{1} << 24, -1) {}

  int operator()(const Colour& colour) {
    int16_t& known = known_[static_cast<size_t>(key_of(colour.data(), 8))];
    if (known < 0) known = static_cast<int16_t>(search(colour));
    return known;
  }

 private:
  int search(const Colour& colour) const {
    int best = 0, least = 1 << 30;
    for (size_t i = 0; i < palette_.size(); ++i) {
      int distance = 0;
      for (int c = 0; c < 3; ++c) {
        const int gap = palette_[i][c] - colour[c];
        distance += gap * gap;
      }
      if (distance < least) {
        least = distance;
        best = static_cast<int>(i);
      }
    }
    return best;
  }

  const std::vector<Colour>& palette_;
  std::vector<int16_t> known_;  // by all 24 bits
};

}  // namespace

std::vector<Colour> choose_palette(const std::vector<Picture>& pictures,
                                   size_t most) {
  const std::set<Colour> own = distinct(pictures, most);
  if (own.size() <= most) return {own.begin(), own.end()};
  std::vector<Box> boxes = {box_of(count_cells(pictures))};
  const auto weight = [](const Box& box) { return box.count * box.length; };
  while (boxes.size() < most) {
    const auto next = std::max_element(
        boxes.begin(), boxes.end(), [&](const Box& a, const Box& b) {
          return weight(a) < weight(b);
        });
    if (next->length == 0) break;
    auto [low, high] = cut(std::move(*next));
    *next = std::move(low);
    boxes.push_back(std::move(high));
  }
  std::vector<Colour> palette;
  for (const Box& box : boxes) palette.push_back(mean_of(box));
  return palette;
}

std::vector<uint8_t> reduce_colours(const Picture& picture,
                                    const std::vector<Colour>& palette) {
  Nearest nearest(palette);
  const int64_t width = picture.width;
  std::vector<uint8_t> indices(static_cast<size_t>(width * picture.height));
  // What is owed to this row and the next, in sixteenths, one pixel of margin.
  std::vector<int> now(static_cast<size_t>(width + 2) * 3), next(now.size());
  for (int64_t y = 0; y < picture.height; ++y) {
    std::fill(next.begin(), next.end(), 0);
    for (int64_t x = 0; x < width; ++x) {
      const uint8_t* rgb = picture.row(y) + x * 3;
      int* owed = &now[static_cast<size_t>(x + 1) * 3];
      int* below = &next[static_cast<size_t>(x + 1) * 3];
      Colour wanted;
      for (int c = 0; c < 3; ++c)
        wanted[c] =
            static_cast<uint8_t>(std::clamp(rgb[c] + owed[c] / 16, 0, 255));
      const int index = nearest(wanted);
      indices[static_cast<size_t>(y * width + x)] = static_cast<uint8_t>(index);
      for (int c = 0; c < 3; ++c) {
        const int error = wanted[c] - palette[index][c];
        owed[3 + c] += 7 * error;
        below[c - 3] += 3 * error;
        below[c] += 5 * error;
        below[c + 3] += error;
      }
    }
    std::swap(now, next);
  }
  return indices;
}

}  // namespace lineas
