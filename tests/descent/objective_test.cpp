// The loss over several sites, its reductions, subsampling and gradient.
#include "lineas/descent/objective.h"

#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;

constexpr int64_t kWidths[] = {3, 5, 1};

// Responses of three sites to `rows` prompts.
std::vector<Tensor> responses(int64_t rows, uint64_t seed, double mean = 0) {
  at::manual_seed(seed);
  std::vector<Tensor> sites;
  for (const int64_t width : kWidths)
    sites.push_back(at::randn({rows, width}) + mean);
  return sites;
}

double loss_of(const std::vector<Tensor>& source,
               const std::vector<Tensor>& target,
               const ObjectiveOptions& options = {},
               int64_t step = 0) {
  return MatchObjective(target, options)
      .evaluate(at::cat(source, 1), step)
      .loss;
}

TEST(Objective, IsTheMeanOverSitesOfTheMeanOverNeurons) {
  const auto source = responses(6, 1), target = responses(9, 2, 0.5);
  const ObjectiveValue value =
      MatchObjective(target, {}).evaluate(at::cat(source, 1), 0);
  double sum = 0;
  int64_t begin = 0;
  for (size_t s = 0; s < source.size(); ++s) {
    const TransportLoss site = transport_loss(source[s], couple(target[s], 6));
    EXPECT_NEAR(value.site_loss[s], site.loss_D.mean().item<double>(), 1e-5);
    EXPECT_LE(error_of(value.gradient_NW.narrow(1, begin, kWidths[s]),
                       site.gradient_ND / (3 * kWidths[s])),
              1e-6);
    sum += value.site_loss[s];
    begin += kWidths[s];
  }
  EXPECT_NEAR(value.loss, sum / 3, 1e-12);
}

TEST(Objective, MeanReductionDividesByTheSamplesMatched) {
  const auto source = responses(6, 3), target = responses(9, 4, 1);
  const Tensor response_NW = at::cat(source, 1);
  const auto reduced = [&](OtMatch match, LossReduction reduction) {
    return MatchObjective(target, {match, reduction, 7})
        .evaluate(response_NW, 2);
  };
  for (const OtMatch match : {OtMatch::exact, OtMatch::subsample}) {
    const ObjectiveValue sum = reduced(match, LossReduction::sum);
    const ObjectiveValue mean = reduced(match, LossReduction::mean);
    EXPECT_NEAR(mean.loss, sum.loss / 6, 1e-6);
    EXPECT_LE(error_of(mean.gradient_NW * 6, sum.gradient_NW), 1e-6);
  }
  // 9 source samples of which 6 are drawn: a mean over 6.
  const ObjectiveOptions sum{OtMatch::subsample, LossReduction::sum, 7};
  const ObjectiveOptions mean{OtMatch::subsample, LossReduction::mean, 7};
  EXPECT_NEAR(
      loss_of(target, source, mean), loss_of(target, source, sum) / 6, 1e-6);
}

TEST(Objective, GradientMatchesFiniteDifferences) {
  for (const int64_t m : {6, 9, 4})
    for (const OtMatch match : {OtMatch::exact, OtMatch::subsample}) {
      std::vector<Tensor> target;
      for (const Tensor& site : responses(m, 5, 0.5))
        target.push_back(site.to(at::kDouble));
      MatchObjective objective(target, {match, LossReduction::sum, 7});
      const Tensor source_NW =
          at::cat(responses(6, 6), 1).to(at::kDouble).contiguous();
      const Tensor gradient_NW = objective.evaluate(source_NW, 3).gradient_NW;
      constexpr double kStep = 1e-6;
      for (int64_t i = 0; i < source_NW.numel(); ++i) {
        Tensor moved_NW = source_NW.clone();
        moved_NW.view({-1})[i] += kStep;
        const double above = objective.evaluate(moved_NW, 3).loss;
        moved_NW.view({-1})[i] -= 2 * kStep;
        const double below = objective.evaluate(moved_NW, 3).loss;
        EXPECT_NEAR(gradient_NW.reshape({-1})[i].item<double>(),
                    (above - below) / (2 * kStep),
                    1e-7)
            << "entry " << i << ", m = " << m;
      }
    }
}

TEST(Objective, SubsamplingIsSeededByStepAndSite) {
  const auto source = responses(4, 8), target = responses(64, 9, 0.5);
  const ObjectiveOptions options{OtMatch::subsample, LossReduction::sum, 7};
  EXPECT_EQ(loss_of(source, target, options, 3),
            loss_of(source, target, options, 3));
  EXPECT_NE(loss_of(source, target, options, 3),
            loss_of(source, target, options, 4));
  ObjectiveOptions other = options;
  other.seed = 8;
  EXPECT_NE(loss_of(source, target, options, 3),
            loss_of(source, target, other, 3));
  // Two equal sites draw differently.
  const ObjectiveValue twice =
      MatchObjective({target[1], target[1]}, options)
          .evaluate(at::cat({source[1], source[1]}, 1), 3);
  EXPECT_NE(twice.site_loss[0], twice.site_loss[1]);
}

// Drawing 4 of 64 compares with 4 target rows, for all neurons the same rows.
TEST(Objective, SubsamplingDrawsWholeRows) {
  const Tensor target_MD =
      at::arange(64, at::kFloat).unsqueeze(1).repeat({1, 3});
  const ObjectiveOptions options{OtMatch::subsample, LossReduction::sum, 7};
  MatchObjective objective({target_MD}, options);
  const Tensor source_ND = at::zeros({4, 3});
  const Tensor rows_ND =
      objective.evaluate(source_ND, 0).gradient_NW * (-3.0 / 2);
  EXPECT_LE(error_of(rows_ND, rows_ND.round()), 1e-6);
  EXPECT_EQ(std::get<0>(at::_unique(rows_ND)).numel(), 4);
  EXPECT_TRUE(at::equal(rows_ND.select(1, 0), rows_ND.select(1, 2)));
}

TEST(Objective, SubsamplingTheSourceLeavesTheRestWithoutGradient) {
  const auto source = responses(9, 10), target = responses(4, 11, 0.5);
  const ObjectiveOptions options{OtMatch::subsample, LossReduction::sum, 7};
  const Tensor gradient_NW = MatchObjective(target, options)
                                 .evaluate(at::cat(source, 1), 0)
                                 .gradient_NW;
  EXPECT_TRUE(at::equal(gradient_NW.ne(0).sum(0),
                        at::full({gradient_NW.size(1)}, 4, at::kLong)));
}

TEST(Objective, EqualCountsAreNeverSubsampled) {
  const auto source = responses(6, 12), target = responses(6, 13);
  EXPECT_EQ(loss_of(source, target),
            loss_of(source, target, {.match = OtMatch::subsample}, 5));
}

TEST(Objective, RefusesWhatDoesNotFit) {
  testing::expect_error(
      ErrorKind::usage, {"no site"}, [] { MatchObjective({}, {}); });
  testing::expect_error(ErrorKind::usage, {"8", "9"}, [] {
    MatchObjective objective(responses(6, 14), {});
    objective.evaluate(at::zeros({6, 8}), 0);
  });
  testing::expect_error(ErrorKind::usage, {"best", "exact", "subsample"}, [] {
    parse_ot_match("best");
  });
  testing::expect_error(ErrorKind::usage, {"max", "sum", "mean"}, [] {
    parse_loss_reduction("max");
  });
}

}  // namespace
}  // namespace lineas
