// The maps while they are learned: one flat float32 vector of values and one of
// gradients, with views of them as scale and shift of every site, and the tap
// that applies them.
#pragma once

#include "lineas/maps/map_set.h"
#include "lineas/tap/drive.h"

namespace lineas {

class AffineParameters {
 public:
  /// Identity maps at `places` of that table.
  AffineParameters(const SiteTable& table,
                   std::vector<Place> places,
                   at::TensorOptions where = at::kFloat);

  Tensor& values() { return values_P_; }
  const Tensor& values() const { return values_P_; }
  const Tensor& gradient() const { return gradient_P_; }
  void clear_gradient() { gradient_P_.zero_(); }
  int64_t size() const { return values_P_.size(0); }

  const std::vector<Place>& places() const { return places_.all(); }
  /// Leaves of the graph; their storage is values(), their gradient's
  /// gradient().
  const Tensor& scale_D(size_t number) const { return scales_[number]; }
  const Tensor& shift_D(size_t number) const { return shifts_[number]; }
  /// Number of the place that covers this visit, or -1.
  int64_t find(SiteIndex site, int step) const {
    return places_.find(site, step);
  }

  /// Values of the identity: ones for scales, zeros for shifts.
  Tensor identity() const;
  /// Number of neurons that the maps move, all sites together.
  int64_t support() const;
  /// A copy as maps on the CPU.
  MapSet to_map_set(const SiteTable& table) const;

 private:
  Tensor make_leaf(int64_t begin, int64_t width);

  PlaceList places_;
  Tensor values_P_, gradient_P_;
  std::vector<Tensor> scales_, shifts_;
};

/// Applies maps that are being learned: gradients flow to scale and shift.
class TrainingTap : public Tap {
 public:
  TrainingTap(const AffineParameters& parameters, Position position)
      : parameters_(parameters), position_(position) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override;
  /// Numbers of the places that the run came by, each once, in its order.
  const std::vector<size_t>& visited() const { return visited_; }

 private:
  const AffineParameters& parameters_;
  Position position_;
  std::vector<size_t> visited_;
};

}  // namespace lineas
