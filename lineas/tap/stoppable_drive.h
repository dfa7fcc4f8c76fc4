// Where long work asks whether to go on: a drive around another one that asks
// at every site of every pass.
#pragma once

#include <functional>

#include "lineas/tap/drive.h"

namespace lineas {

class StoppableDrive : public Drive {
 public:
  /// Both must outlive it. `is_cancelled` null: never stops.
  StoppableDrive(Drive& inner, std::function<bool()> is_cancelled)
      : inner_(inner), is_cancelled_(std::move(is_cancelled)) {}

  Trajectory begin(std::span<const int64_t> rows) override {
    return inner_.begin(rows);
  }
  /// Throws cancelled, naming the site, where the answer is yes; what is kept
  /// of the work, its owner adds to the message.
  void advance(Trajectory& trajectory, Tap& tap) override;
  int64_t segments() const override { return inner_.segments(); }
  int64_t steps() const override { return inner_.steps(); }
  bool comes_by(const Place& place) const override {
    return inner_.comes_by(place);
  }
  const SiteTable& sites() const override { return inner_.sites(); }
  int64_t row_count() const override { return inner_.row_count(); }
  std::optional<Outcome> outcome() const override { return inner_.outcome(); }

 private:
  Drive& inner_;
  std::function<bool()> is_cancelled_;
};

}  // namespace lineas
