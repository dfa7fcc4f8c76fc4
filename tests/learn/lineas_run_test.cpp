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

// Powers of two: the arithmetic is the same but for the exponents.
TEST(AutoOptimizer, DoesNotMindHowLargeResponsesAre) {
  const auto loss_in = [](double unit) {
    ToyDrive drive;
    drive.unit = unit;
    const Problem problem = problem_of(drive, 8, 8, "[abc]", "[bcd]");
    const Json found = testing::learn({}, problem).provenance["found"];
    return found["loss"].get<double>() / (unit * unit);
  };
  const double golden = loss_in(1);
  for (const double unit : {1.0 / 1024, 1.0 / 8, 8.0, 1024.0})
    EXPECT_NEAR(loss_in(unit), golden, 1e-3 * golden) << unit;
}

TEST(AutoOptimizer, TakesNoStepsWhereTheClosedFormMeetsTheTarget) {
  ToyDrive drive;
  const MapSet set =
      testing::learn({}, problem_of(drive, 1, 1, "[abc]", "[abc]"));
  EXPECT_TRUE(set.provenance["loss"].empty());
  EXPECT_GT(set.provenance["found"]["untouched_loss"], 1e-3);
  EXPECT_LT(set.provenance["found"]["loss"], 1e-10);
  EXPECT_EQ(support_of(set), 15);
}

TEST(AutoOptimizer, KeepsItsStartWhereTheStepsLeadUpwards) {
  ToyDrive drive;
  testing::LogCapture log;
  const Problem problem = problem_of(drive, 8, 8, "[abc]", "[bcd]");
  const double start = testing::learn({.steps = 1, .lr = 1e-9}, problem)
                           .provenance["found"]["loss"];
  const MapSet set =
      testing::learn({.steps = 5, .lr = 50, .schedule = "constant"}, problem);
  EXPECT_NEAR(set.provenance["found"]["loss"], start, 1e-6);
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("above where they started"),
            std::string::npos);
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
  const Json chosen = testing::learn({}, problem).provenance;
  EXPECT_EQ(chosen["options"]["steps"], 0) << "as it was stated";
  EXPECT_EQ(chosen["loss"].size(), 185u);
  EXPECT_EQ(chosen["found"]["lr"], 0.14);
}

// A map that hardly moves keeps the loss, whichever prompts the steps drew.
TEST(Losses, AreOfAllPromptsWhereStepsDrawSome) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[ab]", "[bc]");
  const auto found = [&](int64_t batch) {
    return testing::learn(
               {.optimizer = "sgd", .steps = 3, .lr = 1e-6, .batch = batch},
               problem)
        .provenance["found"];
  };
  const double golden = found(0)["untouched_loss"];
  for (const int64_t batch : {2, 5}) {
    EXPECT_NEAR(found(batch)["untouched_loss"], golden, 1e-6 * golden);
    EXPECT_NEAR(found(batch)["loss"], golden, 1e-3 * golden);
  }
}

// Rounding between two orders of the same prompts is nothing to learn from.
TEST(EqualSides, GiveTheIdentityWhateverTheOptimizer) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16})
    for (const char* optimizer : {"auto", "adam", "sgd"})
      for (const int64_t micro_batch : {0, 3}) {
        testing::TinyLearning tiny("llama3", 16, dtype);
        Problem problem = problem_of(tiny.drive, 16, 0, ".*norm", ".*norm");
        problem.target_rows.assign(problem.source_rows.rbegin(),
                                   problem.source_rows.rend());
        const MapSet set = testing::learn(
            {.optimizer = optimizer, .l1 = "1e-4", .micro_batch = micro_batch},
            problem);
        EXPECT_EQ(support_of(set), 0) << optimizer << micro_batch;
        EXPECT_EQ(set.provenance["found"]["untouched_loss"], 0);
        EXPECT_EQ(set.provenance["found"]["loss"], 0);
      }
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

// Momentum of the first phase would move an entry of small gradient less, or
// the other way: the first step of a fresh Adam has the rate's length.
TEST(Refit, StartsWithAFreshOptimizer) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[ab]", "[bc]");
  LineasOptions options = sparse_options();
  const MapSet before = testing::learn(options, problem);
  options.refit_steps = 1;
  const MapSet after = testing::learn(options, problem);
  for (size_t i = 0; i < before.maps.size(); ++i) {
    const Tensor step_D =
        (after.maps[i].second.shift_D - before.maps[i].second.shift_D).abs();
    EXPECT_TRUE(at::allclose(step_D, at::full_like(step_D, options.lr), 1e-3));
  }
}

// Its steps would cost what they cost and move nothing.
TEST(Refit, OfNothingIsNotBegun) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[ab]", "[bc]");
  for (const char* optimizer : {"adam", "auto"}) {
    LineasOptions options = sparse_options();
    options.optimizer = optimizer;
    options.l1 = "1e6";
    const MapSet held = testing::learn(options, problem);
    options.refit_steps = 40;
    const MapSet set = testing::learn(options, problem);
    EXPECT_EQ(support_of(set), 0);
    EXPECT_EQ(set.provenance["loss"], held.provenance["loss"]) << optimizer;
  }
}

// SGD and Adam keep the penalty that was found, not the one to be tried next.
TEST(Refit, KeepsThePenaltyThatWasFound) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[abc]", "[bcd]");
  LineasOptions options = sparse_options();
  options.optimizer = "sgd";
  options.support_budget = "30%";
  const MapSet found = testing::learn(options, problem);
  ASSERT_GE(support_of(found), 3);
  options.refit_steps = 1;
  const MapSet searched = testing::learn(options, problem);
  const Json penalty = found.provenance["found"]["penalty"]["l1"];
  EXPECT_EQ(searched.provenance["found"]["penalty"]["l1"], penalty);
  // One step from the found map, by hand: of the gradient, then of the prox.
  AffineParameters parameters(drive.sites(), problem.map_places);
  MapLoss loss(problem, parameters, {});
  for (size_t i = 0; i < found.maps.size(); ++i) {
    parameters.scale_D(i).detach().copy_(found.maps[i].second.scale_D);
    parameters.shift_D(i).detach().copy_(found.maps[i].second.shift_D);
  }
  loss.evaluate(problem.source_rows, 0);
  const Tensor identity_P = parameters.identity();
  const Tensor values_P = parameters.values().detach().clone();
  const Tensor away_P = values_P - identity_P;
  const Tensor is_free_P = away_P.abs() > kSupportThreshold;
  const Tensor stepped_P = away_P - options.lr * parameters.gradient();
  const Tensor golden_P =
      stepped_P.sign() *
      (stepped_P.abs() - options.lr * penalty[0].get<double>()).clamp_min(0) *
      is_free_P;
  for (size_t i = 0; i < searched.maps.size(); ++i) {
    parameters.scale_D(i).detach().copy_(searched.maps[i].second.scale_D);
    parameters.shift_D(i).detach().copy_(searched.maps[i].second.shift_D);
  }
  EXPECT_LT((parameters.values().detach() - identity_P - golden_P)
                .abs()
                .max()
                .item<double>(),
            1e-6);
}

TEST(SupportBudget, IsMetByEveryOptimizer) {
  for (const char* optimizer : {"auto", "adam", "sgd"}) {
    ToyDrive drive;
    testing::LogCapture log;
    LineasOptions options = sparse_options();
    options.optimizer = optimizer;
    if (options.optimizer == "auto") options.lr = 0;
    options.support_budget = "40%";
    const MapSet set =
        testing::learn(options, problem_of(drive, 8, 8, "[abc]", "[bcd]"));
    EXPECT_LE(support_of(set), 6) << optimizer;
    EXPECT_GE(support_of(set), 5) << optimizer;
    EXPECT_TRUE(log.messages.empty()) << log.messages[0];
  }
}

// SGD keeps the penalty while it refits, which empties the support further.
TEST(SupportBudget, ThatARefitMissesIsSaid) {
  ToyDrive drive;
  testing::LogCapture log;
  LineasOptions options = sparse_options();
  options.optimizer = "sgd";
  options.support_budget = "40%";
  options.refit_steps = 400;
  const MapSet set =
      testing::learn(options, problem_of(drive, 8, 8, "[abc]", "[bcd]"));
  ASSERT_LT(support_of(set), 5) << "or the test shows nothing";
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("the refit"), std::string::npos)
      << log.messages[0];
}

// Steps too short to move anything beyond the threshold.
TEST(SupportBudget, ThatIsMissedIsSaid) {
  ToyDrive drive;
  testing::LogCapture log;
  LineasOptions options = sparse_options();
  options.optimizer = "adam";
  options.lr = 1e-9;
  options.steps = 2;
  options.support_budget = "50%";
  const MapSet set =
      testing::learn(options, problem_of(drive, 8, 8, "[ab]", "[bc]"));
  EXPECT_EQ(support_of(set), 0);
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("is 5 neurons"), std::string::npos)
      << log.messages[0];
}

// A group penalty admits a whole site or nothing: here none is so small.
TEST(SupportBudget, ThatAPenaltyJumpsOverIsSaid) {
  for (const char* optimizer : {"auto", "sgd"}) {
    ToyDrive drive;
    testing::LogCapture log;
    LineasOptions options = sparse_options();
    options.optimizer = optimizer;
    options.lr = 0;
    options.group = "1";
    options.support_budget = "20%";
    testing::learn(options, problem_of(drive, 8, 8, "[abc]", "[bcd]"));
    ASSERT_EQ(log.messages.size(), 1u);
    for (const char* part : {"is 3 neurons", "jumps from", "to 0;", "--group"})
      EXPECT_NE(log.messages[0].find(part), std::string::npos)
          << log.messages[0];
  }
}

TEST(SupportBudget, IsMetAndReported) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[abc]", "[bcd]");
  const MapSet set = testing::learn({.support_budget = "30%"}, problem);
  const Json& found = set.provenance["found"];
  EXPECT_EQ(found["neurons"], 15);
  EXPECT_EQ(found["support"], support_of(set));
  EXPECT_EQ(support_of(set), 4) << "30% of 15";
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

}  // namespace
}  // namespace lineas
