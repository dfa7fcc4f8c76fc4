#include "lineas/descent/settling.h"

#include <algorithm>

namespace lineas {

bool Settling::note(double value) {
  values_.push_back(value);
  if (static_cast<int64_t>(values_.size()) <= patience_) return false;
  const double before = values_.front();
  values_.erase(values_.begin());
  return before - value < tolerance_ * before;
}

// How many there are, then the values; the rest is 0.
Tensor Settling::state() const {
  Tensor state = at::zeros({patience_ + 1}, at::kDouble);
  state[0] = static_cast<double>(values_.size());
  for (size_t i = 0; i < values_.size(); ++i) state[i + 1] = values_[i];
  return state;
}

void Settling::restore(const Tensor& state) {
  const auto count = std::clamp<int64_t>(
      static_cast<int64_t>(state[0].item<double>()), 0, patience_);
  values_.clear();
  for (int64_t i = 0; i < count; ++i)
    values_.push_back(state[i + 1].item<double>());
}

}  // namespace lineas
