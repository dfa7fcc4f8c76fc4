#include "lineas/descent/parameters.h"

#include <algorithm>

#include "lineas/maps/apply.h"

namespace lineas {

AffineParameters::AffineParameters(const SiteTable& table,
                                   std::vector<Place> places,
                                   at::TensorOptions where)
    : places_(std::move(places)) {
  int64_t total = 0;
  for (const Place& place : places_.all()) total += 2 * width_of(place, table);
  values_P_ = at::zeros({total}, where);
  gradient_P_ = at::zeros({total}, where);
  int64_t begin = 0;
  for (const Place& place : places_.all()) {
    const int64_t width = width_of(place, table);
    values_P_.narrow(0, begin, width).fill_(1);
    scales_.push_back(make_leaf(begin, width));
    shifts_.push_back(make_leaf(begin + width, width));
    begin += 2 * width;
  }
}

Tensor AffineParameters::make_leaf(int64_t begin, int64_t width) {
  Tensor leaf = values_P_.narrow(0, begin, width).detach();
  leaf.requires_grad_(true);
  leaf.mutable_grad() = gradient_P_.narrow(0, begin, width);
  return leaf;
}

Tensor AffineParameters::identity() const {
  Tensor identity_P = at::zeros_like(values_P_);
  int64_t begin = 0;
  for (const Tensor& scale_D : scales_) {
    identity_P.narrow(0, begin, scale_D.size(0)).fill_(1);
    begin += 2 * scale_D.size(0);
  }
  return identity_P;
}

int64_t AffineParameters::support() const {
  int64_t support = 0;
  for (size_t place = 0; place < places_.size(); ++place)
    support += moved_neurons({scales_[place].detach(), shifts_[place].detach()})
                   .sum()
                   .item<int64_t>();
  return support;
}

MapSet AffineParameters::to_map_set(const SiteTable& table) const {
  MapSet set;
  for (size_t place = 0; place < places_.size(); ++place)
    set.maps.add(key_of(places_[place], table),
                 AffineMap{scales_[place].detach().to(at::kCPU).clone(),
                           shifts_[place].detach().to(at::kCPU).clone()});
  return set;
}

Tensor TrainingTap::visit(SiteIndex site,
                          Tensor x,
                          const PassContext& context) {
  const int64_t place = parameters_.find(site, context.step);
  if (place < 0) return x;
  const auto number = static_cast<size_t>(place);
  if (std::find(visited_.begin(), visited_.end(), number) == visited_.end())
    visited_.push_back(number);
  return apply_map(x,
                   parameters_.scale_D(place),
                   parameters_.shift_D(place),
                   position_,
                   context);
}

}  // namespace lineas
