#include "lineas/descent/settling.h"

#include <cmath>

namespace lineas {

bool Settling::note(double value) {
  values_.push_back(value);
  if (static_cast<int64_t>(values_.size()) <= patience_) return false;
  const double before = values_.front();
  values_.erase(values_.begin());
  return before - value < tolerance_ * before;
}

// Places not yet filled are NaN.
Tensor Settling::state() const {
  Tensor state = at::full({patience_}, NAN, at::kDouble);
  for (size_t i = 0; i < values_.size(); ++i) state[i] = values_[i];
  return state;
}

void Settling::restore(const Tensor& state) {
  values_.clear();
  for (int64_t i = 0; i < state.size(0); ++i)
    if (const double value = state[i].item<double>(); std::isfinite(value))
      values_.push_back(value);
}

}  // namespace lineas
