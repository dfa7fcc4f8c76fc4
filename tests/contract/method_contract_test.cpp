// What every learning method of methods.def must do, on a tiny model and two
// sets of random prompts that use different halves of the vocabulary.
#include <gtest/gtest.h>

#include "lineas/base/file.h"
#include "lineas/base/seed.h"
#include "lineas/generate/text_drive.h"
#include "lineas/learn/methods.h"
#include "lineas/learn/objective.h"
#include "lineas/maps/steer_tap.h"
#include "lineas/tap/recorder.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

constexpr int64_t kPrompts = 12;

// Prompts of the lower half of the vocabulary, then as many of the upper.
std::vector<std::vector<int64_t>> two_sets(int64_t vocabulary) {
  Random random(21);
  std::vector<std::vector<int64_t>> prompts(2 * kPrompts);
  for (int64_t row = 0; row < 2 * kPrompts; ++row)
    for (uint64_t count = 4 + random.below(6); count > 0; --count)
      prompts[row].push_back(
          static_cast<int64_t>(random.below(vocabulary / 2)) +
          (row < kPrompts ? 0 : vocabulary / 2));
  return prompts;
}

class MethodContract : public ::testing::TestWithParam<std::string> {
 protected:
  MethodContract()
      : model_(load_language_model(testing::fixtures() + "/qwen2",
                                   {.dtype = at::kFloat})),
        drive_(*model_, two_sets(model_->info().vocabulary)) {}

  Problem problem() {
    Problem problem{.drive = drive_};
    for (int64_t row = 0; row < kPrompts; ++row) {
      problem.source_rows.push_back(row);
      problem.target_rows.push_back(kPrompts + row);
    }
    problem.map_sites = problem.match_sites =
        drive_.sites().match(".*post_attention_layernorm");
    return problem;
  }

  // The method's defaults, made short where it takes steps.
  Json options(int64_t seed = 0) const {
    Json options = default_options(GetParam());
    if (options.contains("steps")) options["steps"] = 40;
    if (options.contains("lr")) options["lr"] = 0.02;
    if (options.contains("seed")) options["seed"] = seed;
    return options;
  }
  MapSet learn(const Json& options) {
    Progress silent;
    return make_learner(GetParam(), options)->learn(problem(), silent);
  }

  // How far the source is from the target at the matched sites.
  double loss_with(const MapSet& set) {
    const Problem given = problem();
    SteerTap steer(drive_.sites(), {{.set = set}});
    MatchObjective objective(
        record(drive_, given.target_rows, given.match_sites), {});
    const std::vector<Tensor> source = record(
        drive_, given.source_rows, given.match_sites, {.before = &steer});
    return objective.evaluate(at::cat(source, 1), 0).loss;
  }

  std::string file_of(const MapSet& set) const {
    write_map_set(folder_ / "map.safetensors", set);
    return read_file(folder_ / "map.safetensors");
  }

  testing::TempFolder folder_;
  std::unique_ptr<LanguageModel> model_;
  TextDrive drive_;
};

TEST_P(MethodContract, LearnsAToyPair) {
  EXPECT_LT(loss_with(learn(options())), 0.7 * loss_with(MapSet()));
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
  EXPECT_EQ(set.provenance["method"], GetParam());
  EXPECT_EQ(file_of(learn(set.provenance["options"])), file_of(set));
}

INSTANTIATE_TEST_SUITE_P(Methods,
                         MethodContract,
                         ::testing::ValuesIn(known_methods()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace lineas
