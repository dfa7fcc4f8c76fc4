// LinEAS as a user can ask for it: micro-batches, batches, positions, seeds,
// what it leaves undone, and how it fails.
#include "lineas/learn/lineas.h"

#include <set>

#include "lineas/maps/steer_tap.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::gradients_of;
using testing::Ids;
using testing::learn;
using testing::map_bytes;
using testing::problem_of;
using testing::TinyLearning;
using testing::ToyDrive;

constexpr const char* kNorms = ".*post_attention_layernorm";

double distance(const Tensor& a_D, const Tensor& b_D) {
  return (a_D.to(at::kDouble) - b_D.to(at::kDouble)).norm().item<double>();
}

// Largest over sites of |a - b| / |b|, scale and shift as one vector.
double relative_distance(const std::map<std::string, AffineMap>& a,
                         const std::map<std::string, AffineMap>& b) {
  double worst = 0;
  for (const auto& [site, map] : b) {
    const AffineMap& other = a.at(site);
    const Tensor both_D = at::cat({map.scale_D, map.shift_D});
    const double norm = both_D.norm().item<double>();
    const Tensor others_D = at::cat({other.scale_D, other.shift_D});
    worst = std::max(worst, distance(others_D, both_D) / norm);
  }
  return worst;
}

LineasOptions sgd_options(int64_t steps) {
  LineasOptions options;
  options.optimizer = "sgd";
  options.lr = 0.1;
  options.steps = steps;
  return options;
}

struct MicroCase {
  int64_t source, target;
  const char* match;
  const char* reduction;
};

class MicroBatch : public ::testing::TestWithParam<MicroCase> {};

TEST_P(MicroBatch, ChangesNothingButMemory) {
  const MicroCase& test = GetParam();
  TinyLearning tiny("qwen2", test.source + test.target);
  const Problem problem =
      problem_of(tiny.drive, test.source, test.target, kNorms, kNorms);
  LineasOptions options = sgd_options(10);
  options.ot_match = test.match;
  options.loss_reduction = test.reduction;
  const auto gradients = gradients_of(options, problem);
  const MapSet set = learn(options, problem);
  for (const int64_t micro : {1, 4, 5, 32}) {
    options.micro_batch = micro;
    EXPECT_LE(relative_distance(gradients_of(options, problem), gradients),
              1e-5)
        << "micro-batch " << micro;
    const MapSet divided = learn(options, problem);
    for (size_t i = 0; i < set.maps.size(); ++i) {
      const AffineMap& a = divided.maps[i].second;
      const AffineMap& b = set.maps[i].second;
      EXPECT_LE(testing::error_of(a.scale_D, b.scale_D), 1e-5);
      EXPECT_LE(testing::error_of(a.shift_D, b.shift_D), 1e-5);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         MicroBatch,
                         ::testing::Values(MicroCase{12, 12, "exact", "sum"},
                                           MicroCase{12, 7, "exact", "mean"},
                                           MicroCase{7, 12, "subsample", "sum"},
                                           MicroCase{
                                               12, 7, "subsample", "mean"}),
                         [](const auto& info) {
                           return fmt::format("{}to{}_{}_{}",
                                              info.param.source,
                                              info.param.target,
                                              info.param.match,
                                              info.param.reduction);
                         });

// Loss of the source rows under these maps, by the steering tap.
double loss_with(const MapSet& maps, const Problem& problem) {
  const c10::NoGradGuard no_gradients;
  SteerTap steer(problem.drive.sites(), {{.set = maps}});
  MatchObjective objective(
      record(problem.drive, problem.target_rows, problem.match_places), {});
  const std::vector<Tensor> source = record(problem.drive,
                                            problem.source_rows,
                                            problem.match_places,
                                            {.before = &steer});
  return objective.evaluate(at::cat(source, 1), 0).loss;
}

class Positions : public ::testing::TestWithParam<const char*> {};

// Along the gradient of each site's scale and shift, the loss must change by
// the gradient's length.
TEST_P(Positions, GradientMatchesFiniteDifferences) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 8, "[abc]", "[bd]");
  LineasOptions options;
  options.position = GetParam();
  const auto gradients = gradients_of(options, problem);
  constexpr double kStep = 2e-3;
  for (const auto& [site, gradient] : gradients)
    for (Tensor AffineMap::*part : {&AffineMap::scale_D, &AffineMap::shift_D}) {
      const Tensor gradient_D = gradient.*part;
      const double norm = gradient_D.norm().item<double>();
      const auto moved_loss = [&](double length) {
        AffineMap map = AffineMap::identity(gradient.width());
        (map.*part) += (gradient_D * (length / norm)).to(at::kFloat);
        MapSet set;
        set.rules.position = parse_position(options.position);
        set.maps.add(site, map);
        return loss_with(set, problem);
      };
      const double slope =
          (moved_loss(kStep) - moved_loss(-kStep)) / (2 * kStep);
      EXPECT_NEAR(slope, norm, 5e-3 * norm + 2e-4) << site;
      EXPECT_GT(norm, 1e-3) << site;
    }
}

TEST_P(Positions, LearnOnAModel) {
  TinyLearning tiny("llama2", 12);
  LineasOptions options = sgd_options(8);
  options.position = GetParam();
  const MapSet set =
      learn(options, problem_of(tiny.drive, 6, 6, kNorms, kNorms));
  const auto losses = set.provenance["loss"].get<std::vector<double>>();
  EXPECT_LT(losses.back(), losses.front());
  EXPECT_EQ(to_string(set.rules.position), options.position);
}

INSTANTIATE_TEST_SUITE_P(All,
                         Positions,
                         ::testing::Values("all", "last", "avg"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

// The targets, and all sources for the loss without maps; where steps draw
// prompts, all sources once more at the end.
constexpr int64_t kCallsBefore = 2;

TEST(Lineas, BatchesAreAReshuffledCycleWithoutRepeats) {
  ToyDrive drive(24);
  const Problem problem = problem_of(drive, 12, 12, "a", "b");
  LineasOptions options = sgd_options(9);
  options.batch = 4;
  options.seed = 3;
  learn(options, problem);
  ASSERT_EQ(drive.calls.size(), kCallsBefore + 9u + 1u);
  const std::vector<Ids> calls(drive.calls.begin() + kCallsBefore,
                               drive.calls.end() - 1);
  std::set<Ids> orders;
  for (size_t epoch = 0; epoch < 3; ++epoch) {
    std::set<int64_t> seen;
    Ids order;
    for (size_t i = 0; i < 3; ++i) {
      const Ids& call = calls[3 * epoch + i];
      EXPECT_EQ(call.size(), 4u);
      seen.insert(call.begin(), call.end());
      order.insert(order.end(), call.begin(), call.end());
    }
    EXPECT_EQ(seen.size(), 12u) << "epoch " << epoch;
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 3u);
}

TEST(Lineas, ABatchThatDoesNotDivideLeavesTheRestOfTheEpochOut) {
  ToyDrive drive(20);
  LineasOptions options = sgd_options(6);
  options.batch = 4;
  learn(options, problem_of(drive, 10, 10, "a", "b"));
  for (size_t epoch = 0; epoch < 3; ++epoch) {
    std::set<int64_t> seen;
    for (size_t i = 0; i < 2; ++i)
      for (const int64_t row : drive.calls[kCallsBefore + 2 * epoch + i])
        seen.insert(row);
    EXPECT_EQ(seen.size(), 8u);
  }
}

TEST(Lineas, TheSeedDecidesWhereThereIsChanceAndOnlyThere) {
  ToyDrive drive;
  const Problem equal = problem_of(drive, 8, 8, "[ab]", "c");
  const Problem unequal = problem_of(drive, 8, 5, "[ab]", "c");
  const auto learned =
      [](LineasOptions options, const Problem& problem, int64_t seed) {
        options.seed = seed;
        return map_bytes(learn(options, problem));
      };
  const auto maps =
      [](LineasOptions options, const Problem& problem, int64_t seed) {
        options.seed = seed;
        MapSet set = learn(options, problem);
        set.provenance = Json::object();
        return map_bytes(set);
      };
  LineasOptions batched = sgd_options(5), drawn = sgd_options(5);
  batched.batch = 3;
  drawn.ot_match = "subsample";
  EXPECT_EQ(learned(batched, equal, 1), learned(batched, equal, 1));
  EXPECT_EQ(learned(drawn, unequal, 1), learned(drawn, unequal, 1));
  EXPECT_NE(maps(batched, equal, 1), maps(batched, equal, 2));
  EXPECT_NE(maps(drawn, unequal, 1), maps(drawn, unequal, 2));
  EXPECT_EQ(maps(sgd_options(5), unequal, 1), maps(sgd_options(5), unequal, 2));
}

TEST(Lineas, NothingRunsBehindTheLastMatchedSite) {
  ToyDrive drive;
  LineasOptions options = sgd_options(3);
  for (const int64_t micro : {0, 3}) {
    drive.visits.clear();
    options.micro_batch = micro;
    learn(options, problem_of(drive, 8, 8, "[ab]", "[ac]"));
    EXPECT_GT(drive.visits[2], 0);
    EXPECT_EQ(drive.visits[3], 0);
  }
}

TEST(Lineas, TargetsAreRecordedOnceWithoutMaps) {
  ToyDrive drive;
  learn(sgd_options(5), problem_of(drive, 8, 6, "[ab]", "c"));
  ASSERT_EQ(drive.calls.size(), kCallsBefore + 5u);
  EXPECT_EQ(drive.calls[0], testing::rows_between(10, 16));
  for (size_t call = 1; call < drive.calls.size(); ++call)
    EXPECT_EQ(drive.calls[call], testing::rows_between(0, 8));
}

// Watches whether anything carries a gradient.
class GradientWatch : public Tap {
 public:
  Tensor visit(SiteIndex, Tensor x, const PassContext&) override {
    seen = seen || x.requires_grad();
    return x;
  }
  bool seen = false;
};

TEST(Lineas, NoWeightAsksForAGradient) {
  for (const char* name : {"gpt2", "llama3", "qwen3", "gemma2"}) {
    TinyLearning tiny(name, 4);
    GradientWatch watch;
    tiny.drive.run(testing::rows_between(0, 4), watch);
    EXPECT_FALSE(watch.seen) << name;
  }
}

TEST(Lineas, UnreachedMapsStayTheIdentityAndAreReported) {
  ToyDrive drive;
  testing::LogCapture log;
  const MapSet set =
      learn(sgd_options(3), problem_of(drive, 8, 8, "[acd]", "b"));
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("2 of 3 mapped sites"), std::string::npos);
  EXPECT_FALSE(at::equal(set.find("a")->scale_D, at::ones({6})));
  EXPECT_TRUE(at::equal(set.find("c")->scale_D, at::ones({4})));
  EXPECT_TRUE(at::equal(set.find("d")->shift_D, at::zeros({3})));
  testing::expect_error(ErrorKind::usage, {"all 2 mapped sites"}, [&] {
    learn(sgd_options(3), problem_of(drive, 8, 8, "[cd]", "b"));
  });
}

TEST(Lineas, NaNInWeightsNamesTheSite) {
  ToyDrive drive;
  drive.weights()[1].fill_(NAN);
  testing::expect_error(ErrorKind::numeric, {"site \"b\"", "weights"}, [&] {
    learn(sgd_options(3), problem_of(drive, 8, 8, "a", "[abc]"));
  });
}

// The target prompts pass, a source prompt's token meets a NaN.
TEST(Lineas, NaNInTheFirstLossNamesTheSite) {
  TinyLearning tiny("qwen2", 8);
  class Poison : public Drive {
   public:
    explicit Poison(Drive& drive) : drive_(drive) {}
    void advance(Trajectory& trajectory, Tap& tap) override {
      class Spoil : public Tap {
       public:
        explicit Spoil(bool acts) : acts_(acts) {}
        Tensor visit(SiteIndex, Tensor x, const PassContext&) override {
          return acts_ ? x * NAN : x;
        }

       private:
        bool acts_;
      } spoil(trajectory.rows[0] == 0);
      ChainTap chain({&spoil, &tap});
      drive_.advance(trajectory, chain);
    }
    const SiteTable& sites() const override { return drive_.sites(); }
    int64_t row_count() const override { return drive_.row_count(); }

   private:
    Drive& drive_;
  } drive(tiny.drive);
  testing::expect_error(
      ErrorKind::numeric, {"step 1", "layers.0.post", "float32"}, [&] {
        learn(sgd_options(3), problem_of(drive, 4, 4, kNorms, kNorms));
      });
}

TEST(Lineas, ARunawayRateIsNamed) {
  TinyLearning tiny("qwen2", 8);
  LineasOptions options = sgd_options(5);
  options.lr = 1e30;
  testing::expect_error(ErrorKind::numeric, {"step", "--lr", "1e+30"}, [&] {
    learn(options, problem_of(tiny.drive, 4, 4, kNorms, kNorms));
  });
  ToyDrive drive;
  options.lr = 3e38;
  testing::expect_error(ErrorKind::numeric, {"step 1", "map of site"}, [&] {
    learn(options, problem_of(drive, 8, 8, "a", "b"));
  });
}

TEST(Lineas, OptionsOutOfRangeAreRefusedBeforeAnythingRuns) {
  const auto expect = [](const char* said, auto change) {
    LineasOptions options;
    change(options);
    testing::expect_error(
        ErrorKind::usage, {said}, [&] { LineasLearner(options, {}); });
  };
  using Options = LineasOptions;
  expect("--steps -1", [](Options& o) { o.steps = -1; });
  expect("--lr -0.1", [](Options& o) { o.lr = -0.1; });
  expect("--lr nan", [](Options& o) { o.lr = NAN; });
  expect("--lr 1e+300", [](Options& o) { o.lr = 1e300; });
  expect("--batch -1", [](Options& o) { o.batch = -1; });
  expect("--micro-batch -1", [](Options& o) { o.micro_batch = -1; });
  expect("--l1 x", [](Options& o) { o.l1 = "x"; });
  expect("--l1 0.5,-1", [](Options& o) { o.l1 = "0.5,-1"; });
  expect("--group", [](Options& o) { o.group = "1,"; });
  expect("--optimizer", [](Options& o) { o.optimizer = "adamw"; });
  expect("--schedule", [](Options& o) { o.schedule = "step"; });
  expect("--ot-match", [](Options& o) { o.ot_match = "all"; });
  expect("--loss-reduction", [](Options& o) { o.loss_reduction = "max"; });
  expect("--pool", [](Options& o) { o.pool = "median2"; });
  expect("position", [](Options& o) { o.position = "first"; });
}

TEST(Lineas, ABatchIsOfThePromptsThereAre) {
  ToyDrive drive;
  LineasOptions options = sgd_options(2);
  options.batch = 9;
  testing::expect_error(ErrorKind::usage, {"--batch 9", "8 source"}, [&] {
    learn(options, problem_of(drive, 8, 8, "a", "b"));
  });
  EXPECT_TRUE(drive.calls.empty());
}

// Maps and loss stay float32 beside weights of half the width.
TEST(Lineas, LearnsThroughABfloat16Model) {
  TinyLearning wide("qwen2", 16), narrow("qwen2", 16, at::kBFloat16);
  const auto losses_on = [](TinyLearning& tiny) {
    const MapSet set =
        learn(sgd_options(10), problem_of(tiny.drive, 8, 8, kNorms, kNorms));
    EXPECT_EQ(set.maps[0].second.scale_D.scalar_type(), at::kFloat);
    return set.provenance["loss"].get<std::vector<double>>();
  };
  const auto expected = losses_on(wide), losses = losses_on(narrow);
  EXPECT_LT(losses.back(), losses.front());
  for (size_t t = 0; t < losses.size(); ++t)
    EXPECT_NEAR(losses[t], expected[t], 0.03 * expected[t]);
}

TEST(Lineas, OneSampleASideLearns) {
  ToyDrive drive;
  const MapSet set =
      learn(sgd_options(20), problem_of(drive, 1, 1, "[ab]", "c"));
  const auto losses = set.provenance["loss"].get<std::vector<double>>();
  EXPECT_LT(losses.back(), losses.front());
}

}  // namespace
}  // namespace lineas
