// Sampling against the logits processors of Hugging Face transformers
// (data/sampling.json, made by tools/goldens/make_sampling.py), and its draws.
#include "lineas/generate/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "lineas/base/json.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;

struct Case {
  SamplingOptions options;
  std::vector<float> logits;
  std::vector<int64_t> seen;
  std::vector<double> probabilities;
};

Case read_case(const Json& json) {
  const Json& options = json["options"];
  return {{.temperature = options["temperature"],
           .top_k = options.value("top_k", 0),
           .top_p = options.value("top_p", 1.0),
           .repeat_penalty = options.value("repeat_penalty", 1.0)},
          json["logits"],
          json["seen"],
          json["probabilities"]};
}

std::vector<Case> golden_cases() {
  std::vector<Case> cases;
  const Json golden =
      read_json(LINEAS_SOURCE_DIR "/tests/generate/data/sampling.json");
  for (const Json& json : golden["cases"]) cases.push_back(read_case(json));
  return cases;
}

TEST(Sampling, ProbabilitiesAreThoseOfTransformers) {
  size_t number = 0;
  for (Case& one : golden_cases()) {
    Sampler sampler(one.options);
    std::vector<double> got(one.logits.size(), 0);
    for (const Candidate& candidate : sampler.candidates(one.logits, one.seen))
      got[candidate.id] = candidate.probability;
    for (size_t id = 0; id < got.size(); ++id)
      EXPECT_NEAR(got[id], one.probabilities[id], 1e-6)
          << "case " << number << ", id " << id;
    ++number;
  }
  EXPECT_EQ(number, 24u);
}

TEST(Sampling, DrawsAsOftenAsTheProbabilitiesSay) {
  constexpr int kDraws = 20000;
  for (const Case& one : golden_cases()) {
    Sampler sampler(one.options);
    Random random(5);
    std::vector<int> count(one.logits.size(), 0);
    for (int i = 0; i < kDraws; ++i) {
      std::vector<float> logits = one.logits;
      ++count[sampler.next(logits, one.seen, random)];
    }
    for (size_t id = 0; id < count.size(); ++id) {
      const double p = one.probabilities[id];
      EXPECT_NEAR(count[id], kDraws * p, 5 * std::sqrt(kDraws * p) + 1e-9);
    }
  }
}

TEST(Sampling, GreedyTakesTheLikeliestAndDrawsNothing) {
  Sampler sampler(SamplingOptions{});
  Random random(5), untouched(5);
  std::vector<float> logits{0.5f, 2.0f, 2.0f, -1.0f};
  EXPECT_EQ(sampler.next(logits, {}, random), 1);
  EXPECT_EQ(random.next(), untouched.next());
}

TEST(Sampling, GreedyObeysTheRepetitionPenalty) {
  Sampler sampler({.repeat_penalty = 2});
  Random random(5);
  std::vector<float> logits{3.0f, 2.0f, -1.0f};
  const std::vector<int64_t> seen{0, 0, 0};
  EXPECT_EQ(sampler.next(logits, seen, random), 1);
  EXPECT_EQ(logits[0], 1.5f);  // once, however often it was seen
}

TEST(Sampling, WideTopPIsExactOverLargeVocabularies) {
  constexpr size_t kVocabulary = 5000;
  std::vector<float> logits(kVocabulary);
  Random random(1);
  for (float& logit : logits) logit = static_cast<float>(random.uniform());
  std::vector<double> sorted;
  double sum = 0;
  for (const float logit : logits) sorted.push_back(std::exp(logit));
  std::sort(sorted.rbegin(), sorted.rend());
  const double all = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  size_t expected = 0;
  while (sum < 0.8) sum += sorted[expected++] / all;
  Sampler sampler({.temperature = 1, .top_p = 0.8});
  EXPECT_EQ(sampler.candidates(logits, {}).size(), expected);
}

TEST(Sampling, NaNAndNothingFiniteAreToldApartFromATokenId) {
  for (const double temperature : {0.0, 1.0}) {
    Sampler sampler({.temperature = temperature});
    Random random(5);
    std::vector<float> logits{1.0f, NAN, 2.0f};
    EXPECT_EQ(sampler.next(logits, {}, random), -1);
    logits = {-INFINITY, -INFINITY};
    EXPECT_EQ(sampler.next(logits, {}, random), -1);
  }
}

TEST(Sampling, RefusesValuesOutsideTheirRange) {
  check(SamplingOptions{.temperature = 0.5, .top_k = 3, .top_p = 1});
  const auto refused = [](const SamplingOptions& options, const char* name) {
    expect_error(ErrorKind::usage, {name}, [&] { check(options); });
  };
  refused({.temperature = -0.1}, "--temp");
  refused({.temperature = NAN}, "--temp");
  refused({.top_k = -1}, "--top-k");
  refused({.top_p = 0}, "--top-p");
  refused({.top_p = 1.5}, "--top-p");
  refused({.repeat_penalty = 0}, "--repeat-penalty");
}

}  // namespace
}  // namespace lineas
