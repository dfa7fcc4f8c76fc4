#include "lineas/learn/trial.h"

#include <algorithm>

namespace lineas {
namespace {

// Trials behind the first one start where the last one ended, so they are
// shorter.
constexpr int64_t kTrialShare = 4;
constexpr int64_t kLeastTrial = 10;

class LearnStage : public Stage {
 public:
  explicit LearnStage(const LineasSettings& settings)
      : trial_{settings.penalty, settings.steps} {}
  std::optional<Trial> first(Standing&) override { return trial_; }
  std::optional<Trial> next(Standing&) override { return std::nullopt; }
  Trial resumed(const Tensor&) const override { return trial_; }

 private:
  Trial trial_;
};

class SearchStage : public Stage {
 public:
  SearchStage(const LineasSettings& settings, SupportSearch& search)
      : settings_(settings), search_(search) {}

  std::optional<Trial> first(Standing&) override { return trial(); }

  std::optional<Trial> next(Standing& here) override {
    Tensor& values_P = here.parameters.values();
    search_.note(here.parameters.support(), here.loss, values_P);
    if (!search_.finished()) {
      values_P.copy_(search_.start_P());
      return trial();
    }
    if (search_.best_P().defined()) {
      values_P.copy_(search_.best_P());
      here.loss = search_.best_loss();
    }
    return std::nullopt;
  }

  Trial resumed(const Tensor&) const override { return trial(); }

 private:
  Trial trial() const {
    return {penalty_at(settings_, search_.factor()),
            search_.trials() == 0
                ? settings_.steps
                : std::max(kLeastTrial, settings_.steps / kTrialShare)};
  }

  const LineasSettings& settings_;
  SupportSearch& search_;
};

class RefitStage : public Stage {
 public:
  RefitStage(const LineasSettings& settings, const SupportSearch* search)
      : settings_(settings), search_(search) {}

  // Where nothing is free, steps would cost what they cost and move nothing.
  std::optional<Trial> first(Standing& here) override {
    const c10::NoGradGuard no_gradients;
    Tensor& values_P = here.parameters.values();
    const Tensor identity_P = here.parameters.identity();
    const Tensor free_P = (values_P - identity_P).abs() > kSupportThreshold;
    values_P.copy_(at::where(free_P, values_P, identity_P));
    if (!free_P.any().item<bool>()) return std::nullopt;
    return resumed(free_P);
  }
  std::optional<Trial> next(Standing&) override { return std::nullopt; }

  // A refit is there to undo the shrinking: proximal steps go without the
  // penalty.
  Trial resumed(const Tensor& free_P) const override {
    const Penalty penalty =
        settings_.is_proximal ? Penalty{} : found_penalty(settings_, search_);
    return {penalty, settings_.refit_steps, free_P};
  }

 private:
  const LineasSettings& settings_;
  const SupportSearch* search_;
};

}  // namespace

std::unique_ptr<Stage> learn_stage(const LineasSettings& settings) {
  return std::make_unique<LearnStage>(settings);
}

std::unique_ptr<Stage> search_stage(const LineasSettings& settings,
                                    SupportSearch& search) {
  return std::make_unique<SearchStage>(settings, search);
}

std::unique_ptr<Stage> refit_stage(const LineasSettings& settings,
                                   const SupportSearch* search) {
  return std::make_unique<RefitStage>(settings, search);
}

Penalty penalty_at(const LineasSettings& settings, double factor) {
  const Penalty shape = settings.penalty.is_zero()
                            ? Penalty{.l1_scale = 1, .l1_shift = 1}
                            : settings.penalty;
  return {shape.l1_scale * factor,
          shape.l1_shift * factor,
          shape.group_scale * factor,
          shape.group_shift * factor};
}

Penalty found_penalty(const LineasSettings& settings,
                      const SupportSearch* search) {
  if (search == nullptr) return settings.penalty;
  return penalty_at(
      settings, search->finished() ? search->found_factor() : search->factor());
}

}  // namespace lineas
