// Pictures side by side with words: the strip of a slider, a grid of prompts
// and strengths.
#pragma once

#include <string>
#include <vector>

#include "lineas/picture/picture.h"

namespace lineas {

struct GridLabels {
  /// Underneath the lowest picture of each column; none, or one a column.
  std::vector<std::string> columns = {};
  /// To the left of each row; none, or one a row.
  std::vector<std::string> rows = {};
};

/// The cells row by row, on white. Small ones are magnified by a whole number,
/// so that words fit. Throws shape for cells of different sizes or a number of
/// cells or labels that makes no grid.
Picture make_grid(const std::vector<Picture>& cells,
                  int64_t columns,
                  const GridLabels& labels = {});

/// One row, each picture with its label underneath.
Picture make_strip(const std::vector<Picture>& cells,
                   const std::vector<std::string>& labels = {});

/// Each picture as one cell with its label: frames of an animation.
std::vector<Picture> make_frames(const std::vector<Picture>& cells,
                                 const std::vector<std::string>& labels = {});

}  // namespace lineas
