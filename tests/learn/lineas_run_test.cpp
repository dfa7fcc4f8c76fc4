// The phases of a run: the optimizer that is chosen, the refit, the search for
// a support.
#include "lineas/learn/lineas_run.h"

#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::problem_of;
using testing::ToyDrive;

LineasOptions sparse_options() {
  LineasOptions options;
  options.optimizer = "adam";
  options.lr = 0.03;
  options.steps = 60;
  return options;
}

int64_t support_of(const MapSet& set) {
  int64_t support = 0;
  for (const auto& [name, map] : set.maps)
    support += moved_neurons(map).sum().item<int64_t>();
  return support;
}

TEST(AutoOptimizer, BeatsAThousandStepsOfAdam) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[abc]", "[abcd]");
  const auto loss_of = [&](const LineasOptions& options) {
    const MapSet set = testing::learn(options, problem);
    return std::pair(set.provenance["loss"].back().get<double>(),
                     set.provenance["loss"].size());
  };
  const auto [golden, golden_steps] =
      loss_of({.optimizer = "adam", .lr = 0.01});
  const auto [found, steps] = loss_of({.optimizer = "auto"});
  EXPECT_EQ(golden_steps, 1000u);
  EXPECT_LE(found, golden * 1.01);
  EXPECT_LT(steps, 200u);
}

TEST(AutoOptimizer, StartsBelowTheIdentityAlsoWhereStepsDrawPrompts) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[ab]", "[bc]");
  for (const int64_t batch : {0, 4}) {
    LineasOptions options{.steps = 1, .batch = batch};
    const auto first_loss = [&](const char* optimizer) {
      options.optimizer = optimizer;
      return testing::learn(options, problem)
          .provenance["loss"][0]
          .get<double>();
    };
    EXPECT_LT(first_loss("auto"), 0.8 * first_loss("adam")) << batch;
  }
}

TEST(AutoOptimizer, ARefitGoesOnWhereItIs) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[ab]", "[bc]");
  const MapSet set = testing::learn(
      {.optimizer = "auto", .steps = 60, .refit_steps = 5}, problem);
  const Json& loss = set.provenance["loss"];
  ASSERT_EQ(loss.size(), 65u);
  EXPECT_LT(loss[60].get<double>(), 1.01 * loss[59].get<double>());
}

TEST(Defaults, AreTheOptimizersAndInTheProvenance) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[ab]", "[bc]");
  const auto stated = [&](const LineasOptions& options) {
    return testing::learn(options, problem).provenance["options"];
  };
  const Json chosen = stated({.optimizer = "auto"});
  EXPECT_EQ(chosen["steps"], 190);
  EXPECT_EQ(chosen["lr"], 0.015);
  EXPECT_EQ(parse_settings({.optimizer = "auto", .l1 = "1"}).steps, 1000);
  EXPECT_EQ(parse_settings({.optimizer = "adam"}).steps, 1000);
  EXPECT_EQ(parse_settings({.optimizer = "adam"}).lr, 1e-3);
  EXPECT_EQ(parse_settings({.optimizer = "auto", .lr = 0.5}).lr, 0.5);
}

TEST(Refit, MovesTheFoundSupportAndNothingElse) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[ab]", "[bc]");
  LineasOptions options = sparse_options();
  options.support_budget = "40%";
  const MapSet before = testing::learn(options, problem);
  options.refit_steps = 40;
  const MapSet after = testing::learn(options, problem);
  ASSERT_EQ(after.provenance["loss"].size(),
            before.provenance["loss"].size() + 40);
  int64_t frozen = 0, moved = 0;
  for (size_t i = 0; i < before.maps.size(); ++i) {
    const auto check = [&](const Tensor& was, const Tensor& is, float rest) {
      const Tensor out = (was - rest).abs() <= 1e-5;
      EXPECT_TRUE(is.masked_select(out).eq(rest).all().item<bool>());
      frozen += out.sum().item<int64_t>();
      moved += is.ne(was).logical_and(out.logical_not()).sum().item<int64_t>();
    };
    const AffineMap &was = before.maps[i].second, &is = after.maps[i].second;
    check(was.scale_D, is.scale_D, 1);
    check(was.shift_D, is.shift_D, 0);
  }
  EXPECT_GT(frozen, 0);
  EXPECT_GT(moved, 0);
}

TEST(SupportBudget, IsMetAndReported) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[abc]", "[bcd]");
  LineasOptions options = sparse_options();
  options.support_budget = "30%";
  const MapSet set = testing::learn(options, problem);
  const Json& found = set.provenance["found"];
  EXPECT_EQ(found["neurons"], 15);
  EXPECT_EQ(found["support"], support_of(set));
  EXPECT_LE(support_of(set), 4);
  EXPECT_GE(support_of(set), 1);
  EXPECT_GT(found["penalty"]["l1"][0].get<double>(), 0);
  EXPECT_EQ(found["penalty"]["group"][0], 0);
  ASSERT_GE(found["path"].size(), 1u);
  const auto is_of_the_map = [&](const Json& trial) {
    return trial[0] == found["penalty"]["l1"][0] &&
           trial[1] == found["support"] && trial[2] == found["loss"];
  };
  EXPECT_TRUE(
      std::any_of(found["path"].begin(), found["path"].end(), is_of_the_map));
}

TEST(Penalty, ThatHoldsEverythingSaysSo) {
  for (const char* optimizer : {"adam", "sgd", "auto"}) {
    ToyDrive drive;
    testing::LogCapture log;
    LineasOptions options = sparse_options();
    options.optimizer = optimizer;
    options.l1 = "1e6";
    options.lr = 0;
    const MapSet set =
        testing::learn(options, problem_of(drive, 8, 8, "[ab]", "[bc]"));
    EXPECT_EQ(support_of(set), 0);
    ASSERT_EQ(log.messages.size(), 1u) << optimizer;
    EXPECT_NE(log.messages[0].find("--l1"), std::string::npos);
  }
}

TEST(SupportBudget, WordsOutOfRangeAreRefused) {
  for (const char* text : {"0", "101%", "few", "", "-1%", "nan"}) {
    LineasOptions options;
    options.support_budget = text;
    testing::expect_error(ErrorKind::usage, {"--support-budget"}, [&] {
      parse_settings(options);
    });
  }
}

}  // namespace
}  // namespace lineas
