#include "lineas/descent/first_order.h"

#include <algorithm>

namespace lineas {

FirstOrder::FirstOrder(AffineParameters& parameters,
                       const FirstOrderOptions& options,
                       Tensor free_P)
    : parameters_(parameters),
      options_(options),
      optimizer_(options.optimizer,
                 parameters.size(),
                 parameters.values().device(),
                 options.second_beta,
                 options.epsilon),
      free_P_(std::move(free_P)) {}

double FirstOrder::rate(int64_t t) const {
  const double share =
      static_cast<double>(t + 1) / static_cast<double>(options_.warmup);
  return std::min(1.0, share) *
         learning_rate(options_.schedule, options_.lr, t, options_.steps);
}

void FirstOrder::move(double rate) {
  Tensor& values_P = parameters_.values();
  const Tensor& gradient_P = parameters_.gradient();
  if (!options_.whitening) return optimizer_.step(values_P, gradient_P, rate);
  Tensor white_P = at::zeros_like(values_P);
  optimizer_.step(white_P, options_.whitening->gradient_P(gradient_P), rate);
  values_P.add_(options_.whitening->move_P(white_P));
}

ObjectiveValue FirstOrder::step(int64_t t, const Evaluate& evaluate) {
  ObjectiveValue value = evaluate();
  const c10::NoGradGuard no_gradients;
  Tensor& values_P = parameters_.values();
  const Tensor frozen_P = free_P_.defined() ? values_P.clone() : Tensor();
  move(rate(t));
  if (!options_.penalty.is_zero())
    for (size_t place = 0; place < parameters_.places().size(); ++place)
      apply_prox(parameters_.scale_D(place).detach(),
                 parameters_.shift_D(place).detach(),
                 options_.penalty,
                 rate(t));
  if (free_P_.defined()) values_P.copy_(at::where(free_P_, values_P, frozen_P));
  return value;
}

}  // namespace lineas
