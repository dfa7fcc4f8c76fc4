#include "lineas/generate/sampling.h"

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"

namespace lineas {
namespace {

// Of equals the lower id: the reference leaves that to an unstable sort.
bool is_likelier(const Candidate& a, const Candidate& b) {
  return a.probability > b.probability ||
         (a.probability == b.probability && a.id < b.id);
}

void normalise(std::vector<Candidate>& candidates) {
  double sum = 0;
  for (const Candidate& candidate : candidates) sum += candidate.probability;
  for (Candidate& candidate : candidates) candidate.probability /= sum;
}

// Place of the largest value; -1 where one is NaN or all are -inf.
int64_t argmax(std::span<const float> values) {
  int64_t best = 0;
  bool has_nan = false;
  for (size_t i = 0; i < values.size(); ++i) {
    has_nan = has_nan || std::isnan(values[i]);
    if (values[i] > values[best]) best = static_cast<int64_t>(i);
  }
  return has_nan || !std::isfinite(values[best]) ? -1 : best;
}

}  // namespace

void check(const SamplingOptions& options) {
  const auto refuse = [](const char* name, double value, const char* range) {
    fail(ErrorKind::usage, "{} {}: must be {}", name, value, range);
  };
  if (!(options.temperature >= 0 && std::isfinite(options.temperature)))
    refuse("--temp", options.temperature, "0 (greedy) or more");
  if (options.top_k < 0)
    refuse("--top-k", static_cast<double>(options.top_k), "0 (all) or more");
  if (!(options.top_p > 0 && options.top_p <= 1))
    refuse("--top-p", options.top_p, "above 0 and at most 1");
  if (!(options.repeat_penalty > 0 && std::isfinite(options.repeat_penalty)))
    refuse("--repeat-penalty", options.repeat_penalty, "above 0");
}

void Sampler::penalise(std::span<float> logits, std::span<const int64_t> seen) {
  const auto penalty = static_cast<float>(options_.repeat_penalty);
  if (penalty == 1) return;
  is_seen_.resize(logits.size());
  for (const int64_t id : seen) {
    if (is_seen_[id]) continue;
    is_seen_[id] = true;
    logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
  }
  for (const int64_t id : seen) is_seen_[id] = false;
}

void Sampler::collect(std::span<const float> logits) {
  const float most = *std::max_element(logits.begin(), logits.end());
  const auto temperature = static_cast<float>(options_.temperature);
  candidates_.resize(logits.size());
  for (size_t i = 0; i < logits.size(); ++i)
    candidates_[i] = {static_cast<int64_t>(i),
                      std::exp((logits[i] - most) / temperature)};
}

void Sampler::keep_top_k() {
  const auto k = static_cast<size_t>(options_.top_k);
  if (k == 0 || k >= candidates_.size()) return;
  const auto last = candidates_.begin() + static_cast<int64_t>(k) - 1;
  std::nth_element(candidates_.begin(), last, candidates_.end(), is_likelier);
  const double least = last->probability;
  const auto end = std::partition(
      last + 1, candidates_.end(), [least](const Candidate& candidate) {
        return candidate.probability >= least;
      });
  candidates_.erase(end, candidates_.end());
}

// The likeliest few mostly hold the mass: sort 64 of them, then 8 times more.
void Sampler::keep_top_p() {
  if (options_.top_p >= 1) return;
  normalise(candidates_);
  const auto begin = candidates_.begin();
  size_t sorted = 0;
  double sum = 0;
  for (size_t count = 64; sorted < candidates_.size(); count *= 8) {
    const size_t end = std::min(count, candidates_.size());
    if (end < candidates_.size())
      std::nth_element(
          begin + sorted, begin + end - 1, candidates_.end(), is_likelier);
    std::sort(begin + sorted, begin + end, is_likelier);
    for (; sorted < end; ++sorted) {
      sum += candidates_[sorted].probability;
      // The reference drops the tail whose sum is <= 1 - top_p.
      if (1 - sum <= 1 - options_.top_p) {
        candidates_.resize(sorted + 1);
        return;
      }
    }
  }
}

const std::vector<Candidate>& Sampler::candidates(
    std::span<float> logits, std::span<const int64_t> seen) {
  penalise(logits, seen);
  collect(logits);
  keep_top_k();
  keep_top_p();
  std::sort(candidates_.begin(), candidates_.end(), is_likelier);
  normalise(candidates_);
  return candidates_;
}

int64_t Sampler::next(std::span<float> logits,
                      std::span<const int64_t> seen,
                      Random& random) {
  if (options_.is_greedy()) {
    penalise(logits, seen);
    return argmax(logits);
  }
  if (argmax(logits) < 0) return -1;
  penalise(logits, seen);
  collect(logits);
  keep_top_k();
  keep_top_p();
  normalise(candidates_);
  // In the order of ids: close distributions then draw the same token from the
  // same random number, whatever the selection left as an order.
  if (candidates_.size() < logits.size())
    std::sort(
        candidates_.begin(),
        candidates_.end(),
        [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  double left = random.uniform();
  for (const Candidate& candidate : candidates_) {
    left -= candidate.probability;
    if (left < 0) return candidate.id;
  }
  return candidates_.back().id;
}

}  // namespace lineas
