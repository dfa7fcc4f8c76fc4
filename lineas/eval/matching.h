// Whether maps carry over to prompts that they were not learned on: the LinEAS
// objective between held-out source and target prompts, with the maps, without
// them, and between two samples of the target. Knows no oracle and no method.
#pragma once

#include <string>
#include <vector>

#include "lineas/descent/objective.h"
#include "lineas/engine/engine.h"

namespace lineas {

/// Mean pooled responses of all prompts at the sites that match, in one run;
/// `before` steers, null: the untouched model.
std::vector<Tensor> pooled_responses(const Engine& engine,
                                     const PromptSet& prompts,
                                     const std::string& pattern,
                                     Tap* before = nullptr);

/// W2^2 between two samples of responses, mean over sites and neurons.
double matching_loss(const std::vector<Tensor>& from,
                     const std::vector<Tensor>& to);

class HeldOutMatching {
 public:
  /// `pattern`: the sites that are compared. The first half of the target is
  /// what the source is matched to, the second half gives the floor.
  HeldOutMatching(const Engine& engine,
                  PromptSet source,
                  const PromptSet& target,
                  const std::string& pattern);

  /// Of the source as the tap leaves it, to the first half of the target.
  double loss(Tap& tap) const;
  /// Of the source in the untouched model.
  double without() const { return without_; }
  /// Of the target's second half: what a perfect map would reach. It is the
  /// right one where the target's half is as long as the source.
  double floor() const { return floor_; }
  /// The part of what could be matched that is not: 1 without a map, 0 at the
  /// floor.
  double remaining(double loss) const {
    return (loss - floor_) / (without_ - floor_);
  }

 private:
  const Engine& engine_;
  PromptSet source_;
  std::string pattern_;
  std::vector<Tensor> target_;
  double without_ = 0;
  double floor_ = 0;
};

}  // namespace lineas
