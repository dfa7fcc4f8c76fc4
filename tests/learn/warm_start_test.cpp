// The closed-form start: linear-act's maps, and a lower loss than the identity.
#include "lineas/learn/warm_start.h"

#include <gtest/gtest.h>

#include "lineas/learn/map_loss.h"
#include "lineas/learn/methods.h"
#include "lineas/tap/recorder.h"
#include "tests/support/compare.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::problem_of;
using testing::ToyDrive;

// Later sites are fitted behind the cautious maps of the earlier ones.
TEST(WarmStart, GoesHalfOfTheWayToLinearActsSlopesAndAllToItsMeans) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[a]", "[a]");
  AffineParameters parameters(drive.sites(), problem.map_places);
  MapLoss loss(problem, parameters, {});
  const double before = loss.evaluate(problem.source_rows, 0).loss;
  warm_start(problem, loss, parameters, before);
  Progress silent;
  const AffineMap golden =
      make_learner("linear-act",
                   {{"target-runs", "untouched"}, {"shrink", "none"}})
          ->learn(problem, silent)
          .maps[0]
          .second;
  const c10::NoGradGuard no_gradients;
  const Tensor scale_D = parameters.scale_D(0);
  EXPECT_LE(error_of(scale_D, 1 + (golden.scale_D - 1) / 2), 1e-6);
  const Tensor mean_D =
      record(drive, problem.source_rows, problem.map_places, {})[0].mean(0);
  EXPECT_LE(error_of(scale_D * mean_D + parameters.shift_D(0),
                     golden.scale_D * mean_D + golden.shift_D),
            1e-5);
}

TEST(WarmStart, LowersTheLossAndLeavesOtherSitesAlone) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[abd]", "[bc]");
  AffineParameters parameters(drive.sites(), problem.map_places);
  MapLoss loss(problem, parameters, {});
  const double before = loss.evaluate(problem.source_rows, 0).loss;
  EXPECT_EQ(loss.reached(), (std::vector<size_t>{0, 1}));
  const c10::NoGradGuard no_gradients;
  warm_start(problem, loss, parameters, before);
  EXPECT_LT(loss.evaluate(problem.source_rows, 0).loss, before / 2);
  EXPECT_TRUE(at::equal(parameters.scale_D(2), at::ones({3})));
}

}  // namespace
}  // namespace lineas
