// Suffixes: S packed tokens, V vocabulary.
#include "lineas/engine/calibration.h"

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"
#include "lineas/maps/steer_tap.h"

namespace lineas {
namespace {

constexpr int64_t kMostTokens = 512;
constexpr double kStep = 0.25;
constexpr int kSteps = 6;
constexpr double kMostKl = 1;  // nats, of the 95th percentile
constexpr double kPercentile = 0.95;
constexpr int kBisections = 5;

class HeadTap : public Tap {
 public:
  explicit HeadTap(SiteIndex head) : head_(head) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
    if (site == head_) logits_SV = x;
    return x;
  }
  Tensor logits_SV;

 private:
  SiteIndex head_;
};

std::vector<std::vector<int64_t>> first_prompts(
    const std::vector<std::vector<int64_t>>& prompts) {
  std::vector<std::vector<int64_t>> first;
  int64_t tokens = 0;
  for (const auto& prompt : prompts) {
    tokens += static_cast<int64_t>(prompt.size());
    if (tokens > kMostTokens && !first.empty()) break;
    first.push_back(prompt);
  }
  return first;
}

// The prompts under the maps, again and again.
class Gauge {
 public:
  Gauge(const LanguageModel& model,
        const std::vector<std::vector<int64_t>>& prompts,
        const MapSet& set,
        const Progress& progress)
      : model_(model),
        set_(set),
        progress_(progress),
        drive_(model, first_prompts(prompts)) {
    for (const auto& prompt : drive_.prompts()) {
      rows_.push_back(static_cast<int64_t>(rows_.size()));
      const auto begin = static_cast<int64_t>(ids_.size());
      ids_.insert(ids_.end(), prompt.begin(), prompt.end());
      for (size_t t = 0; t + 1 < prompt.size(); ++t)
        scored_.push_back(begin + static_cast<int64_t>(t));
    }
    untouched_SV_ = logprobs(0);
  }

  Damage at(double strength) const {
    const Tensor now_SV = strength == 0 ? untouched_SV_ : logprobs(strength);
    const Tensor p_SV = untouched_SV_.exp();
    const Tensor kl_S = at::where(p_SV > 0, p_SV * (untouched_SV_ - now_SV), 0)
                            .sum(1, /*keepdim=*/false, at::kDouble);
    return {strength,
            kl_S.mean().item<double>(),
            at::quantile(kl_S, kPercentile).item<double>(),
            perplexity(now_SV)};
  }

 private:
  Tensor logprobs(double strength) const {
    if (progress_.is_cancelled()) fail(ErrorKind::cancelled, "stopped");
    HeadTap head(model_.head_site());
    SteerTap steer(model_.sites(), {{set_, strength, "the map"}});
    std::vector<Tap*> taps;
    if (strength != 0) taps.push_back(&steer);
    taps.push_back(&head);
    ChainTap chain(taps);
    drive_.run(rows_, chain);
    return head.logits_SV.to(at::kFloat).log_softmax(1);
  }

  double perplexity(const Tensor& logprob_SV) const {
    if (scored_.empty()) return 1;
    const auto tensor = [&](const std::vector<int64_t>& numbers) {
      return at::tensor(numbers, at::kLong).to(logprob_SV.device());
    };
    const Tensor at_N = tensor(scored_);
    const Tensor next_N1 = tensor(ids_).index_select(0, at_N + 1).unsqueeze(1);
    const Tensor logprob_N1 =
        logprob_SV.index_select(0, at_N).gather(1, next_N1);
    return std::exp(-logprob_N1.mean(at::kDouble).item<double>());
  }

  const LanguageModel& model_;
  const MapSet& set_;
  const Progress& progress_;
  mutable TextDrive drive_;
  std::vector<int64_t> rows_, ids_, scored_;  // scored: with a next token
  Tensor untouched_SV_;
};

// NaN, of a map that breaks the model, counts as too much.
bool is_too_much(const Damage& damage) {
  return !(damage.kl_95 < kMostKl);
}

// Between a strength that is fine and one that is not.
double find_end(const Gauge& gauge, double fine, double wrong) {
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (fine + wrong) / 2;
    (is_too_much(gauge.at(middle)) ? wrong : fine) = middle;
  }
  return fine;
}

}  // namespace

Calibration calibrate(const LanguageModel& model,
                      const std::vector<std::vector<int64_t>>& prompts,
                      const MapSet& set,
                      const Progress& progress) {
  const c10::NoGradGuard no_gradients;
  const Gauge gauge(model, prompts, set, progress);
  Calibration found;
  for (int i = 0; i <= kSteps; ++i)
    found.damages.push_back(gauge.at(kStep * i));
  const auto first =
      std::find_if(found.damages.begin(), found.damages.end(), is_too_much);
  found.end = first == found.damages.end()
                  ? found.damages.back().strength
                  : find_end(gauge, first->strength - kStep, first->strength);
  return found;
}

Json to_json(const Calibration& calibration) {
  Json strengths, kl, kl_95, perplexity;
  for (const Damage& damage : calibration.damages) {
    strengths.push_back(damage.strength);
    kl.push_back(damage.kl);
    kl_95.push_back(damage.kl_95);
    perplexity.push_back(damage.perplexity);
  }
  return {{"strength", strengths},
          {"kl", kl},
          {"kl_95", kl_95},
          {"perplexity", perplexity},
          {"end", calibration.end}};
}

std::optional<double> calibrated_end(const Json& provenance) {
  const auto found = provenance.find("calibration");
  if (found == provenance.end() || !found->is_object()) return std::nullopt;
  const auto end = found->find("end");
  if (end == found->end() || !end->is_number()) return std::nullopt;
  const double value = *end;
  if (!(value >= 0) || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace lineas
