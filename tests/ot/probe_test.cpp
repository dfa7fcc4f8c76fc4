// Logistic regression: its optimality conditions, its direction, and the
// cross-validation on data that can and that cannot be told apart.
#include "lineas/ot/probe.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

struct TwoClouds {
  explicit TwoClouds(double distance, int64_t count = 20, int64_t width = 6) {
    at::manual_seed(9);
    direction_D = at::randn({width}, at::kDouble);
    direction_D = direction_D / direction_D.norm();
    x_ND = at::randn({2 * count, width}, at::kDouble);
    is_target_N = at::arange(2 * count) >= count;
    x_ND =
        x_ND + at::outer(is_target_N.to(at::kDouble), direction_D) * distance;
  }
  Tensor direction_D, x_ND, is_target_N;
};

// d/dw: w = sum of t_i sigma(-t_i f_i) x_i; d/dbias: their sum without x is 0.
TEST(Probe, IsStationary) {
  for (const double distance : {0.0, 1.0, 30.0}) {
    const TwoClouds clouds(distance);
    const Probe probe = fit_probe(clouds.x_ND, clouds.is_target_N);
    const Tensor sign_N = clouds.is_target_N.to(at::kDouble) * 2 - 1;
    const Tensor odds_N = clouds.x_ND.matmul(probe.weight_D) + probe.bias;
    const Tensor pull_N = sign_N * at::sigmoid(-sign_N * odds_N);
    const Tensor pull_D = clouds.x_ND.t().matmul(pull_N);
    EXPECT_LT((pull_D - probe.weight_D).abs().max().item<double>(), 1e-4);
    EXPECT_NEAR(pull_N.sum().item<double>(), 0, 1e-4);
  }
}

TEST(Probe, PointsFromSourceToTarget) {
  const TwoClouds clouds(4);
  const Tensor weight_D = fit_probe(clouds.x_ND, clouds.is_target_N).weight_D;
  EXPECT_GT((weight_D / weight_D.norm()).dot(clouds.direction_D).item<double>(),
            0.8);
}

TEST(Probe, OfMoreNeuronsThanSamples) {
  const TwoClouds clouds(8, 5, 200);
  const Probe probe = fit_probe(clouds.x_ND, clouds.is_target_N);
  const Tensor odds_N = clouds.x_ND.matmul(probe.weight_D) + probe.bias;
  EXPECT_TRUE(odds_N.gt(0).equal(clouds.is_target_N));
}

TEST(CrossValidation, TellsApartWhatCanBe) {
  const auto accuracy = [](const TwoClouds& clouds, int64_t folds) {
    return cross_validated_accuracy(
        clouds.x_ND, clouds.is_target_N, folds, /*seed=*/3);
  };
  EXPECT_GT(accuracy(TwoClouds(10), 5), 0.97);
  EXPECT_NEAR(accuracy(TwoClouds(0, 100), 4), 0.5, 0.12);
  // With more neurons than samples a probe is always right about its own.
  EXPECT_LT(accuracy(TwoClouds(0, 10, 200), 5), 0.75);
  EXPECT_GT(accuracy(TwoClouds(10, 2), 2), 0.7);
  EXPECT_EQ(accuracy(TwoClouds(1), 5), accuracy(TwoClouds(1), 5));
}

}  // namespace
}  // namespace lineas
