// First-order optimizers on one flat vector of parameters, and their
// learning-rate schedules.
//
// Suffixes: P parameters.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lineas/tensor/tensor.h"

namespace lineas {

enum class OptimizerKind { sgd, adam };
enum class Schedule { cosine, constant };

/// "sgd", "adam"; "cosine", "constant". Throw usage for another word.
OptimizerKind parse_optimizer(const std::string& name);
Schedule parse_schedule(const std::string& name);

/// Learning rate of step t of `steps`: constant, or cosine from `rate` down to
/// rate / 1000. Source: Loshchilov & Hutter 2017, eq. 5.
double learning_rate(Schedule schedule, double rate, int64_t t, int64_t steps);

/// Plain SGD, or Adam with bias correction and no decay.
/// Source: Kingma & Ba 2015, algorithm 1; docs/math.md, section 6.
class Optimizer {
 public:
  /// Adam's betas are .9 and `second_beta`; `epsilon` is added to the root of
  /// its second moment.
  Optimizer(OptimizerKind kind,
            int64_t parameters,
            at::Device device,
            double second_beta = 0.9,
            double epsilon = 1e-8);

  /// values_P -= rate * direction(gradient_P), in place.
  void step(Tensor& values_P, const Tensor& gradient_P, double rate);

  /// What a resumed run needs: named tensors.
  std::vector<std::pair<std::string, Tensor>> state() const;
  void restore(const std::map<std::string, Tensor>& state);

 private:
  OptimizerKind kind_;
  double second_beta_, epsilon_;
  int64_t steps_ = 0;
  Tensor first_P_, second_P_;
};

}  // namespace lineas
