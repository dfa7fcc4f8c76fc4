// Runs the rows of a fixed prompt list through a model. Text and picture models
// differ here and nowhere else; learning sees only this.
#pragma once

#include <span>

#include "lineas/tap/tap.h"

namespace lineas {

class Drive {
 public:
  virtual ~Drive() = default;
  /// One run: one model call (a trajectory for pictures) over all given rows
  /// together, each site visited once a step, with or without gradients as the
  /// caller's grad mode says, and the same noise every time. Returns when the
  /// tap is finished or the model's last site is behind it.
  virtual void run(std::span<const int64_t> rows, Tap& tap) = 0;
  virtual const SiteTable& sites() const = 0;
  virtual int64_t row_count() const = 0;
};

}  // namespace lineas
