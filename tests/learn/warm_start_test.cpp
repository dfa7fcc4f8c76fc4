// The closed-form start: linear-act's maps, and a lower loss than the identity.
#include "lineas/learn/warm_start.h"

#include <gtest/gtest.h>

#include "lineas/learn/map_loss.h"
#include "lineas/learn/methods.h"
#include "tests/support/compare.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::problem_of;
using testing::ToyDrive;

TEST(WarmStart, IsLinearActWithTargetsUntouched) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[abc]", "[abc]");
  AffineParameters parameters(drive.sites(), problem.map_sites, at::kCPU);
  warm_start(problem, problem.map_sites, {}, parameters);
  Progress silent;
  const MapSet golden =
      make_learner("linear-act", {{"target-runs", "untouched"}})
          ->learn(problem, silent);
  const MapSet set = parameters.to_map_set(drive.sites());
  ASSERT_EQ(set.maps.size(), golden.maps.size());
  for (size_t i = 0; i < set.maps.size(); ++i) {
    EXPECT_LE(
        error_of(set.maps[i].second.scale_D, golden.maps[i].second.scale_D),
        1e-6);
    EXPECT_LE(
        error_of(set.maps[i].second.shift_D, golden.maps[i].second.shift_D),
        1e-6);
  }
}

TEST(WarmStart, LowersTheLossAndLeavesOtherSitesAlone) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[abd]", "[bc]");
  AffineParameters parameters(drive.sites(), problem.map_sites, at::kCPU);
  MapLoss loss(problem, parameters, {});
  const double before = loss.evaluate(problem.source_rows, 0).loss;
  EXPECT_EQ(loss.reached(), (std::vector<SiteIndex>{0, 1}));
  const c10::NoGradGuard no_gradients;
  warm_start(problem, loss.reached(), {}, parameters);
  EXPECT_LT(loss.evaluate(problem.source_rows, 0).loss, before / 2);
  EXPECT_TRUE(at::equal(parameters.scale_D(2), at::ones({3})));
}

}  // namespace
}  // namespace lineas
