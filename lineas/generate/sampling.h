// From the logits of one row to its next token: repetition penalty,
// temperature, top-k, top-p, in the order and by the definitions of Hugging
// Face transformers. Plain arrays; knows no tensors and no models.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "lineas/base/seed.h"

namespace lineas {

/// How the next token is chosen. Source of all four: transformers
/// generation/logits_process.py.
struct SamplingOptions {
  /// Logits are divided by it; 0: always the likeliest token
  /// (TemperatureLogitsWarper).
  double temperature = 0;
  /// Only the k likeliest, ties with the last one included; 0: all
  /// (TopKLogitsWarper).
  int64_t top_k = 0;
  /// Only the likeliest that together reach this probability; 1: all
  /// (TopPLogitsWarper).
  double top_p = 1;
  /// Logits of tokens seen in prompt or continuation are divided by it where
  /// positive, multiplied where negative; 1: untouched
  /// (RepetitionPenaltyLogitsProcessor).
  double repeat_penalty = 1;

  bool is_greedy() const { return temperature == 0; }
};

/// Throws usage for a value outside its range, naming the option.
void check(const SamplingOptions& options);

/// A token that may be drawn, and its probability.
struct Candidate {
  int64_t id = 0;
  double probability = 0;
};

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options = {}) : options_(options) {}
  /// Other options from now on: one sampler serves rows of many.
  void use(const SamplingOptions& options) { options_ = options; }

  /// The next token of a row. `logits` is changed in place; `seen` are the
  /// row's ids so far. One number is drawn from `random`, none when greedy.
  /// Gives -1 where a logit is NaN or none is finite.
  int64_t next(std::span<float> logits,
               std::span<const int64_t> seen,
               Random& random);

  /// What `next` draws from, likeliest first; their probabilities sum to 1.
  const std::vector<Candidate>& candidates(std::span<float> logits,
                                           std::span<const int64_t> seen);

 private:
  void penalise(std::span<float> logits, std::span<const int64_t> seen);
  void collect(std::span<const float> logits);
  void keep_top_k();
  void keep_top_p();

  SamplingOptions options_;
  std::vector<bool> is_seen_;
  std::vector<Candidate> candidates_;
};

}  // namespace lineas
