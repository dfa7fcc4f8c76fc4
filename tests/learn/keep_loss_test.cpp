#include "lineas/learn/keep_loss.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/learning.h"
#include "tests/support/trajectory_drive.h"

namespace lineas::testing {
namespace {

constexpr double kWeight = 0.7;

class Keep : public ::testing::TestWithParam<OutcomeKind> {
 protected:
  Keep() {
    drive_.end = {drive_.sites().find("conv"), GetParam()};
    at::manual_seed(3);
    parameters_.values() += 0.2 * at::randn({parameters_.size()}, at::kDouble);
  }
  KeepLoss loss(int64_t micro_batch = 0) {
    return {problem_, parameters_, {.micro_batch = micro_batch}};
  }
  Tensor gradient(int64_t micro_batch = 0) {
    parameters_.clear_gradient();
    loss(micro_batch).add_gradient(kWeight);
    return parameters_.gradient().clone();
  }

  TrajectoryDrive drive_{3};
  Problem problem_{.drive = drive_,
                   .source_rows = {0, 1, 2, 3},
                   .target_rows = {4, 5, 6, 7},
                   .map_places = drive_.places(".*"),
                   .match_places = drive_.places(".*", true)};
  AffineParameters parameters_{
      drive_.sites(), problem_.map_places, at::kDouble};
};

TEST_P(Keep, GradientIsThatOfTheDepartureByFiniteDifferences) {
  KeepLoss keep = loss();
  const Tensor found = gradient();
  constexpr double kStep = 1e-5;
  for (int64_t i = 0; i < parameters_.size(); i += 3) {
    parameters_.values()[i] += kStep;
    const double up = keep.measure();
    parameters_.values()[i] -= 2 * kStep;
    const double down = keep.measure();
    parameters_.values()[i] += kStep;
    EXPECT_NEAR(
        found[i].item<double>(), kWeight * (up - down) / (2 * kStep), 1e-7)
        << "parameter " << i;
  }
}

TEST_P(Keep, MicroBatchesGiveTheSame) {
  const Tensor whole = gradient();
  const Tensor pieces = gradient(3);
  EXPECT_LT((whole - pieces).abs().max().item<double>(), 1e-12);
  EXPECT_GT(whole.abs().max().item<double>(), 1e-4);
  EXPECT_NEAR(loss().measure(), loss(3).measure(), 1e-12);
}

TEST_P(Keep, IsNothingAtTheIdentityAndGathersBesideOtherGradients) {
  KeepLoss keep = loss();
  EXPECT_GT(keep.measure(), 1e-5);
  const Tensor alone = gradient();
  keep.add_gradient(kWeight);
  EXPECT_LT((parameters_.gradient() - 2 * alone).abs().max().item<double>(),
            1e-12);
  parameters_.values().copy_(parameters_.identity());
  EXPECT_NEAR(keep.measure(), 0, 1e-12);
}

TEST_P(Keep, LooksAtTheRowsItIsGiven) {
  const double of_target = loss().measure();
  problem_.keep_rows = problem_.target_rows;
  EXPECT_EQ(loss().measure(), of_target);
  problem_.keep_rows = {0, 1};
  EXPECT_NE(loss().measure(), of_target);
}

INSTANTIATE_TEST_SUITE_P(Kinds,
                         Keep,
                         ::testing::Values(OutcomeKind::logits,
                                           OutcomeKind::values),
                         [](const auto& info) {
                           return info.param == OutcomeKind::logits ? "Logits"
                                                                    : "Values";
                         });

TEST(KeepLoss, NeedsAnOutcome) {
  ToyDrive drive;
  const Problem problem{.drive = drive,
                        .source_rows = {0, 1},
                        .target_rows = {8, 9},
                        .map_places = drive.places("a"),
                        .match_places = drive.places("b")};
  AffineParameters parameters(drive.sites(), problem.map_places);
  expect_error(ErrorKind::usage, {"--keep"}, [&] {
    KeepLoss keep(problem, parameters, {});
  });
}

// On a language model: the more it weighs, the less the model says otherwise.
TEST(KeepLoss, HoldsWhatALanguageModelSays) {
  TinyLearning tiny("llama3", 8);
  const Problem problem = problem_of(tiny.drive, 4, 4, ".*norm", ".*norm");
  const auto run = [&problem](const char* keep) {
    const MapSet set = learn(
        {.optimizer = "adam", .steps = 20, .lr = 0.02, .keep = keep}, problem);
    return set.provenance["found"].value("departure", -1.0);
  };
  EXPECT_EQ(run("0"), -1);
  EXPECT_EQ(run("auto"), -1) << "published optimizers do as published";
  EXPECT_GT(run("0.01"), 1.5 * run("100"));
}

// The default goes as far along its way as the damage that is allowed.
TEST(KeepLoss, MapsEndWhereTheDamageIsWhatIsAllowed) {
  TinyLearning tiny("llama3", 8);
  const Problem problem = problem_of(tiny.drive, 4, 4, ".*norm", ".*norm");
  const auto found = [&problem](double damage) {
    return learn({.steps = 8, .damage = damage}, problem).provenance["found"];
  };
  const double as_learned = found(0)["departure"];
  AffineParameters parameters(tiny.drive.sites(), problem.map_places);
  const double uncertainty = KeepLoss(problem, parameters, {}).uncertainty();
  EXPECT_LE(
      uncertainty,
      std::log(tiny.drive.width_of({.site = tiny.drive.outcome()->site})));
  EXPECT_GT(uncertainty, 0);
  for (const double share : {0.5, 2.0}) {
    const double goal = share * as_learned;
    EXPECT_NEAR(
        found(goal / uncertainty)["departure"].get<double>(), goal, 0.1 * goal);
  }
}

}  // namespace
}  // namespace lineas::testing
