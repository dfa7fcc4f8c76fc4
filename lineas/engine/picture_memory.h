// What learning on pictures takes of memory, before it is tried: measured on
// one and two rows of small pictures, for any number of any size. Prints
// nothing.
#pragma once

#include <string>

#include "lineas/pipelines/picture_drive.h"

namespace lineas {

/// Bytes, linear in the rows, and those in the pixels of a picture: its prompt
/// takes memory too.
struct MemoryLaw {
  double call = 0;  // whatever the rows
  double row = 0;   // each, whatever the size
  double pixel = 0;

  double of_row(const PictureSize& size) const {
    return row + pixel * static_cast<double>(size.height * size.width);
  }
  double at(const PictureSize& size, int64_t rows) const {
    return call + static_cast<double>(rows) * of_row(size);
  }
};

/// Of a step of learning, beside the weights.
struct PictureMemory {
  int64_t weight_bytes = 0;
  int64_t rows = 0;    // whose graphs are held together
  MemoryLaw whole;     // the graph of the whole way at once
  MemoryLaw by_layer;  // that of a layer at a time (--recompute on)

  /// Beside the weights.
  double needs(const PictureSize& size, bool recomputes) const {
    return (recomputes ? by_layer : whole).at(size, rows);
  }
  double bytes(const PictureSize& size, bool recomputes) const {
    return static_cast<double>(weight_bytes) + needs(size, recomputes);
  }
};

struct MemoryQuestion {
  PictureSettings settings;
  int64_t calls = 1;  // of the denoiser
  std::string sites, match;
  int64_t rows = 0;
  bool encodes_in_run = false;  // see PictureDrive::Options
};

/// Runs one row and two through the maps at sizes below that of the settings,
/// both ways, forward and backward.
PictureMemory measure_memory(const PictureModel& model,
                             const MemoryQuestion& question);

/// A sentence for people: at `size`, at 512 and 1024 pixels, and what to switch
/// on where `available` bytes (0: not known) are not enough beside the weights.
std::string describe_memory(const PictureMemory& memory,
                            const PictureSize& size,
                            bool recomputes,
                            int64_t available);

}  // namespace lineas
