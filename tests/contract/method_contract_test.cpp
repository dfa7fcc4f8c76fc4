// What every learning method of methods.def must do, on a tiny model and two
// sets of random prompts that use different halves of the vocabulary.
#include <gtest/gtest.h>

#include "lineas/base/file.h"
#include "lineas/base/seed.h"
#include "lineas/descent/objective.h"
#include "lineas/generate/text_drive.h"
#include "lineas/learn/methods.h"
#include "lineas/maps/steer_tap.h"
#include "lineas/tap/recorder.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/test_name.h"

namespace lineas {
namespace {

constexpr int64_t kPrompts = 12;

using Prompts = std::vector<std::vector<int64_t>>;

// Prompts of the lower half of the vocabulary, then as many of the upper.
Prompts two_sets(int64_t vocabulary) {
  Random random(21);
  Prompts prompts(2 * kPrompts);
  for (int64_t row = 0; row < 2 * kPrompts; ++row)
    for (uint64_t count = 4 + random.below(6); count > 0; --count)
      prompts[row].push_back(
          static_cast<int64_t>(random.below(vocabulary / 2)) +
          (row < kPrompts ? 0 : vocabulary / 2));
  return prompts;
}

// The method's own names in methods.def and on the command line.
#define LINEAS_METHOD(function, name) name,
constexpr const char* kMethods[] = {
#include "lineas/learn/methods.def"
};
#undef LINEAS_METHOD

class MethodContract : public ::testing::TestWithParam<const char*> {
 protected:
  MethodContract()
      : model_(load_language_model(testing::fixtures() + "/qwen2",
                                   {.dtype = at::kFloat})),
        prompts_(two_sets(model_->info().vocabulary)),
        drive_(*model_, prompts_) {}

  // The first `count` prompts of both sets.
  Problem problem(Drive& drive, int64_t count = kPrompts) const {
    Problem problem{.drive = drive};
    for (int64_t row = 0; row < count; ++row) {
      problem.source_rows.push_back(row);
      problem.target_rows.push_back(drive.row_count() / 2 + row);
    }
    problem.map_places = problem.match_places =
        drive.places(".*post_attention_layernorm");
    return problem;
  }
  Problem problem() { return problem(drive_); }

  std::string method() const { return GetParam(); }
  MethodTraits traits() const { return method_traits(method()); }

  // The method's defaults, made short where it takes steps.
  Json options(int64_t seed = 0) const {
    Json options = default_options(method());
    if (options.contains("steps")) options["steps"] = 40;
    if (options.contains("lr")) options["lr"] = 0.02;
    options["seed"] = seed;
    return options;
  }
  MapSet learn(const Json& options, const Problem& problem) const {
    Progress silent;
    return make_learner(method(), options)->learn(problem, silent);
  }
  MapSet learn(const Json& options) { return learn(options, problem()); }

  // How far the source is from the target where the method looks: as it pools,
  // without the maps or with them.
  double loss_with(const MapSet& set) { return loss_with(set, problem()); }
  double loss_with(const MapSet& set, const Problem& given) {
    Drive& drive = given.drive;
    const Pooling pooling = parse_pooling(options()["pool"]);
    SteerTap steer(drive.sites(), {{.set = set}});
    MatchObjective objective(record(drive,
                                    given.target_rows,
                                    given.match_places,
                                    {.reading = {pooling}}),
                             {});
    const std::vector<Tensor> source =
        record(drive,
               given.source_rows,
               given.match_places,
               {.reading = {pooling}, .before = &steer});
    return objective.evaluate(at::cat(source, 1), 0).loss;
  }

  std::string file_of(const MapSet& set) const {
    write_map_set(folder_ / "map.safetensors", set);
    return read_file(folder_ / "map.safetensors");
  }

  testing::TempFolder folder_;
  std::unique_ptr<LanguageModel> model_;
  Prompts prompts_;
  TextDrive drive_;
};

int64_t moved(const MapSet& set) {
  int64_t count = 0;
  for (const auto& [site, map] : set.maps)
    count += moved_neurons(map).sum().item<int64_t>();
  return count;
}

double largest_slope(const MapSet& set) {
  double largest = 0;
  for (const auto& [site, map] : set.maps)
    largest = std::max(largest, map.scale_D.abs().max().item<double>());
  return largest;
}

TEST_P(MethodContract, LearnsAToyPair) {
  const MapSet set = learn(options());
  EXPECT_GT(moved(set), 0);
  if (traits().only_dampens)
    EXPECT_LE(largest_slope(set), 1);
  else
    EXPECT_LT(loss_with(set), 0.9 * loss_with(MapSet()));
}

TEST_P(MethodContract, IsDeterministicBySeed) {
  EXPECT_EQ(file_of(learn(options(4))), file_of(learn(options(4))));
}

TEST_P(MethodContract, RoundTripsItsFile) {
  const MapSet set = learn(options());
  const std::string bytes = file_of(set);
  const MapSet again = read_map_set(folder_ / "map.safetensors");
  check_fits(again, drive_.sites(), "the map read back");
  EXPECT_EQ(file_of(again), bytes);
  EXPECT_EQ(loss_with(again), loss_with(set));
}

// A map's provenance makes the map again.
TEST_P(MethodContract, ProvenanceRepeatsTheRun) {
  const MapSet set = learn(options(2));
  EXPECT_EQ(set.provenance["method"], method());
  EXPECT_EQ(file_of(learn(set.provenance["options"])), file_of(set));
}

// As many prompts a side as the method says are enough; of fewer an error says
// how many are.
TEST_P(MethodContract, TheLeastPromptsASide) {
  const int64_t least = traits().least_prompts;
  ASSERT_GE(least, 1);
  EXPECT_GT(moved(learn(options(), problem(drive_, least))), 0);
  if (least == 1) return;
  testing::expect_error(ErrorKind::usage,
                        {method(), fmt::format("{} prompts", least)},
                        [&] { learn(options(), problem(drive_, least - 1)); });
}

TEST_P(MethodContract, NoPromptsAreAUsageError) {
  for (const bool is_source : {true, false}) {
    Problem none = problem();
    (is_source ? none.source_rows : none.target_rows).clear();
    testing::expect_error(
        ErrorKind::usage, {"prompts"}, [&] { learn(options(), none); });
  }
}

// The same prompt throughout: no neuron varies, nothing is to be learned.
TEST_P(MethodContract, EqualResponsesGiveTheIdentity) {
  TextDrive equal(*model_, Prompts(8, prompts_[0]));
  EXPECT_EQ(moved(learn(options(), problem(equal, 4))), 0);
}

// Source identical to target, in another order; long enough, and cut otherwise,
// so that rounding differs.
TEST_P(MethodContract, IdenticalSidesGiveTheIdentity) {
  Prompts twice(prompts_.begin(), prompts_.begin() + kPrompts);
  for (size_t row = 0; row < twice.size(); ++row)
    for (int repeat = 0; repeat < 3; ++repeat)
      twice[row].insert(
          twice[row].end(), prompts_[row].begin(), prompts_[row].end());
  for (int64_t row = kPrompts; row > 0; --row) twice.push_back(twice[row - 1]);
  TextDrive same(*model_, twice);
  for (const int64_t micro_batch : {0, 5}) {
    Json options = this->options();
    options["micro-batch"] = micro_batch;
    const MapSet set = learn(options, problem(same));
    EXPECT_EQ(moved(set), 0) << micro_batch;
    const Json& found = set.provenance;
    if (found.contains("found")) EXPECT_EQ(found["found"]["loss"], 0.0);
    if (!found.contains("transport_loss")) continue;
    for (const Json& side : found["transport_loss"])
      for (const Json& loss : side) EXPECT_EQ(loss, 0.0);
  }
}

// Neurons that are constant on the target side: what leads there gets nearer by
// slopes that are no steeper for it, or leaves them alone as the published
// program does; a detector turns them down.
TEST_P(MethodContract, AConstantTargetGivesNoSteepSlope) {
  Prompts prompts(prompts_.begin(), prompts_.begin() + kPrompts);
  prompts.insert(prompts.end(), kPrompts, prompts_.back());
  TextDrive constant(*model_, prompts);
  const Problem given = problem(constant);
  const MapSet set = learn(options(), given);
  EXPECT_EQ(moved(set) == 0, traits().leaves_constant_targets);
  EXPECT_LE(largest_slope(set), 1.5);
  if (traits().leaves_constant_targets) return;
  if (!traits().only_dampens) {
    EXPECT_LT(loss_with(set, given), 0.9 * loss_with(MapSet(), given));
    return;
  }
  for (const auto& [key, map] : set.maps) {
    EXPECT_GE(map.scale_D.min().item<double>(), 0) << key.site;
    EXPECT_LE(map.scale_D.max().item<double>(), 1) << key.site;
    EXPECT_EQ(map.shift_D.count_nonzero().item<int64_t>(), 0) << key.site;
  }
}

// Neurons that are constant on the source side, though not on the target's.
TEST_P(MethodContract, ConstantNeuronsGetNoSteepSlope) {
  Prompts prompts(kPrompts, prompts_[0]);
  prompts.insert(prompts.end(), prompts_.begin() + kPrompts, prompts_.end());
  TextDrive constant(*model_, prompts);
  const MapSet set = learn(options(), problem(constant));
  EXPECT_LT(largest_slope(set), 3);
}

INSTANTIATE_TEST_SUITE_P(Methods,
                         MethodContract,
                         ::testing::ValuesIn(kMethods),
                         testing::test_name<const char*>);

}  // namespace
}  // namespace lineas
