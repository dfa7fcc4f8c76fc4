#include "lineas/picture/grid.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/picture/lettering.h"

namespace lineas {
namespace {

constexpr int64_t kSmallestSide = 160;  // that labels go well with
constexpr int64_t kLargeText = 480;     // sides from which words are large
constexpr size_t kMostLinesBelow = 3;

using Lines = std::vector<std::string>;

void check_cells(const std::vector<Picture>& cells,
                 int64_t columns,
                 const GridLabels& labels) {
  const auto count = std::ssize(cells);
  if (count < 1 || columns < 1 || count % columns != 0)
    fail(ErrorKind::shape,
         "picture: {} pictures are no grid of {} columns",
         count,
         columns);
  for (const Picture& cell : cells)
    if (cell.width != cells[0].width || cell.height != cells[0].height)
      fail(ErrorKind::shape,
           "picture: {} x {} and {} x {} pixels in one grid",
           cells[0].width,
           cells[0].height,
           cell.width,
           cell.height);
  const int64_t rows = count / columns;
  if ((!labels.columns.empty() && std::ssize(labels.columns) != columns) ||
      (!labels.rows.empty() && std::ssize(labels.rows) != rows))
    fail(ErrorKind::shape,
         "picture: {} and {} labels for {} columns and {} rows",
         labels.columns.size(),
         labels.rows.size(),
         columns,
         rows);
}

// Where everything lies.
struct Layout {
  int64_t factor, width, height;  // of a cell
  TextSize size;
  int64_t margin;
  std::vector<Lines> left, below;
  int64_t left_width = 0, below_height = 0;

  int64_t x(int64_t column) const {
    return margin + left_width + column * (width + margin);
  }
  int64_t y(int64_t row) const { return margin + row * (height + margin); }
};

int64_t widest(const Lines& lines, TextSize size) {
  int64_t width = 0;
  for (const std::string& line : lines)
    width = std::max(width, text_width(line, size));
  return width;
}

Layout plan(const Picture& cell, const GridLabels& labels) {
  const int64_t side = std::min(cell.width, cell.height);
  Layout layout{.factor = (kSmallestSide + side - 1) / side};
  layout.width = cell.width * layout.factor;
  layout.height = cell.height * layout.factor;
  layout.size = std::min(layout.width, layout.height) < kLargeText
                    ? TextSize::small
                    : TextSize::large;
  const int64_t line = line_height(layout.size);
  layout.margin = line / 2;
  for (const std::string& label : labels.columns) {
    layout.below.push_back(
        wrap_text(label, layout.size, layout.width, kMostLinesBelow));
    layout.below_height =
        std::max(layout.below_height,
                 std::ssize(layout.below.back()) * line + layout.margin / 2);
  }
  for (const std::string& label : labels.rows) {
    layout.left.push_back(wrap_text(label,
                                    layout.size,
                                    layout.width,
                                    static_cast<size_t>(layout.height / line)));
    layout.left_width =
        std::max(layout.left_width,
                 widest(layout.left.back(), layout.size) + layout.margin);
  }
  return layout;
}

void draw_below(Picture& page, const Layout& layout, int64_t rows) {
  for (size_t i = 0; i < layout.below.size(); ++i) {
    int64_t y = layout.y(rows) - layout.margin / 2;
    for (const std::string& line : layout.below[i]) {
      const int64_t free = layout.width - text_width(line, layout.size);
      const auto column = static_cast<int64_t>(i);
      draw_text(page, layout.x(column) + free / 2, y, line, layout.size);
      y += line_height(layout.size);
    }
  }
}

// In the middle of the height, beside the pictures.
void draw_left(Picture& page, const Layout& layout) {
  const int64_t line = line_height(layout.size);
  for (size_t i = 0; i < layout.left.size(); ++i) {
    const Lines& lines = layout.left[i];
    int64_t y = layout.y(static_cast<int64_t>(i)) +
                (layout.height - std::ssize(lines) * line) / 2;
    for (const std::string& text : lines) {
      draw_text(page, layout.margin, y, text, layout.size);
      y += line;
    }
  }
}

}  // namespace

Picture make_grid(const std::vector<Picture>& cells,
                  int64_t columns,
                  const GridLabels& labels) {
  check_cells(cells, columns, labels);
  const int64_t rows = std::ssize(cells) / columns;
  const Layout layout = plan(cells[0], labels);
  Picture page =
      blank_picture(layout.x(columns), layout.y(rows) + layout.below_height);
  for (int64_t i = 0; i < std::ssize(cells); ++i)
    paste(page,
          magnify(cells[i], layout.factor),
          layout.x(i % columns),
          layout.y(i / columns));
  draw_below(page, layout, rows);
  draw_left(page, layout);
  return page;
}

Picture make_strip(const std::vector<Picture>& cells,
                   const std::vector<std::string>& labels) {
  return make_grid(cells, std::ssize(cells), {.columns = labels});
}

std::vector<Picture> make_frames(const std::vector<Picture>& cells,
                                 const std::vector<std::string>& labels) {
  if (cells.empty()) return {};
  const int64_t columns = std::ssize(cells);
  check_cells(cells, columns, {.columns = labels});
  // Planned together, so that all are of one height.
  const Layout all = plan(cells[0], {.columns = labels});
  std::vector<Picture> frames;
  for (int64_t i = 0; i < columns; ++i) {
    Layout layout = all;
    if (!labels.empty()) layout.below = {all.below[i]};
    Picture page =
        blank_picture(layout.x(1), layout.y(1) + layout.below_height);
    paste(page, magnify(cells[i], layout.factor), layout.x(0), layout.y(0));
    draw_below(page, layout, 1);
    frames.push_back(std::move(page));
  }
  return frames;
}

}  // namespace lineas
