// The options of LinEAS as what they mean: words read, defaults that depend on
// one another settled, ranges checked. What a run is led by.
#pragma once

#include "lineas/descent/optimizer.h"
#include "lineas/descent/penalty.h"
#include "lineas/learn/lineas.h"
#include "lineas/learn/map_loss.h"

namespace lineas {

/// The options' words as what they mean.
struct LineasSettings {
  bool chooses_optimizer = false;  // --optimizer auto
  bool draws_prompts = false;
  // Where nothing is drawn every step sees the same loss, and with auto a
  // penalty is then best served by steps that follow its curvature.
  bool is_proximal = false;
  // Few steps from the identity, for matching and for what is kept together.
  bool is_gentle = false;
  OptimizerKind optimizer = OptimizerKind::adam;
  Schedule schedule = Schedule::cosine;
  int64_t steps = 0;
  int64_t refit_steps = 0;
  double lr = 0;
  bool chooses_rate = false;  // lr is the optimizer's default
  int64_t batch = 0;          // source prompts a step, where steps draw them
  double keep = 0;    // of an outcome's departure; 1: the untouched loss a nat
  double damage = 0;  // with is_gentle: see LineasOptions; 0: as it comes
  Penalty penalty;
  double support_budget = 1;  // share of all neurons; 1: no search
  uint64_t seed = 0;
  MapLossOptions loss;

  /// What to try where the loss grows: a sentence.
  std::string advice() const;
  /// How many of so many neurons the budget lets move, 1 or more.
  int64_t budget_of(int64_t neurons) const;
};

/// Prompts a side (whether steps draw some depends on them), and whether the
/// model gives out text, which is then kept without a word.
struct PromptCounts {
  int64_t source = 0, target = 0;
  bool gives_text = false;
};

/// Throws usage for an option that is out of range, whatever the counts.
LineasSettings parse_settings(const LineasOptions& options,
                              const PromptCounts& counts);

}  // namespace lineas
