// How responses are had while learning, for every method alike.
#pragma once

#include "lineas/maps/map_set.h"
#include "lineas/tap/recorder.h"

namespace lineas {

struct ResponseOptions {
  /// What is made of a row's tokens, and which half stands for a guided row.
  Reading reading = {};
  /// What the maps see of a row.
  Position position = Position::all;
  /// Rows of a pass held with their graph; 0: all.
  int64_t micro_batch = 0;
  /// Holds the graph of one segment (a denoising step, or a layer of one) at a
  /// time instead of the whole way's: the same gradient for one more forward
  /// pass.
  bool by_segment = false;
};

}  // namespace lineas
