// The layer-wise methods against the golden numbers of the parity folder:
// closed forms at once and incremental, supports, AurA within its ties.
#include <gtest/gtest.h>

#include "lineas/learn/layerwise.h"
#include "tests/support/compare.h"
#include "tests/support/language_model_run.h"
#include "tests/support/learning.h"
#include "tests/support/parity.h"
#include "tests/support/test_name.h"

namespace lineas {
namespace {

using testing::error_of;

constexpr double kBar = 2e-4;

std::vector<testing::Ids> prompts_of(const Json& json) {
  auto prompts = json["source"].get<std::vector<testing::Ids>>();
  for (const auto& ids : json["target"].get<std::vector<testing::Ids>>())
    prompts.push_back(ids);
  return prompts;
}

// One folder of goldens as a learning problem.
class LayerwiseParity : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (testing::test_data("").empty()) GTEST_SKIP() << testing::kNoTestData;
    golden_ = std::make_unique<testing::ParityFolder>(GetParam());
    drive_ = std::make_unique<testing::PackedDrive>(*golden_->model,
                                                    prompts_of(golden_->json));
  }
  MapSet learn(const std::string& method, const Json& options) {
    const auto n = static_cast<int64_t>(golden_->json["source"].size());
    Problem problem{
        .drive = *drive_,
        .source_rows = testing::rows_between(0, n),
        .target_rows = testing::rows_between(n, drive_->row_count())};
    for (const Json& site : golden_->json["sites"])
      problem.map_places.push_back(
          {golden_->model->sites().find(site.get<std::string>())});
    problem.match_places = problem.map_places;
    Progress silent;
    return make_learner(method, options)->learn(problem, silent);
  }
  Tensor golden(const std::string& name) const {
    return golden_->tensors.view(name);
  }
  // Every site's map against `prefix`/w and /b.
  void expect_golden(const MapSet& set, const std::string& prefix) {
    for (const auto& [key, map] : set.maps) {
      const std::string site = to_string(key);
      const double scale = error_of(map.scale_D, golden(prefix + "/w/" + site));
      const double shift = error_of(map.shift_D, golden(prefix + "/b/" + site));
      EXPECT_LE(scale, kBar) << prefix << " " << site;
      EXPECT_LE(shift, kBar) << prefix << " " << site;
      worst_ = std::max({worst_, scale, shift});
    }
  }

  std::unique_ptr<testing::ParityFolder> golden_;
  std::unique_ptr<testing::PackedDrive> drive_;
  double worst_ = 0;
};

TEST_P(LayerwiseParity, ClosedForms) {
  for (const char* method : {"mean-act", "gaussian-act", "linear-act"}) {
    std::string name = method;
    name[name.find('-')] = '_';
    Json published = Json::object();
    if (name != "mean_act") published["shrink"] = "none";
    const auto learn_as = [&](const char* option, const Json& value) {
      Json options = published;
      options[option] = value;
      return learn(method, options);
    };
    expect_golden(learn_as("at-once", true), name + "/atonce");
    for (const int64_t micro_batch : {0, 3})
      expect_golden(learn_as("micro-batch", micro_batch), name + "/incr");
  }
  RecordProperty("worst", fmt::format("{:.1e}", worst_));
}

TEST_P(LayerwiseParity, Supports) {
  for (const auto& [range, name] : {std::pair("0,100", "q_0_100"),
                                    {"1,99", "q_1_99"},
                                    {"10,90", "q_10_90"}}) {
    const MapSet set =
        learn("linear-act", {{"at-once", true}, {"support-range", range}});
    for (const auto& [key, map] : set.maps) {
      const std::string site = to_string(key);
      ASSERT_TRUE(map.support.has_value());
      EXPECT_LE(error_of(at::stack({map.support->low_D, map.support->high_D}),
                         golden(fmt::format("quantiles/{}/{}", name, site))),
                kBar)
          << site;
    }
  }
}

// Values within 1e-5 of each other may fall either way: half a pair each.
TEST_P(LayerwiseParity, AuraWithinItsTies) {
  const MapSet set = learn("aura", Json::object());
  for (const auto& [key, map] : set.maps) {
    const std::string site = to_string(key);
    const Tensor allowed_D = golden("aura/ties/" + site) * 2 / 64 + kBar;
    const Tensor error_D = (map.scale_D - golden("aura/alpha/" + site)).abs();
    EXPECT_TRUE(error_D.le(allowed_D).all().item<bool>()) << site;
    EXPECT_EQ(map.shift_D.count_nonzero().item<int64_t>(), 0);
  }
}

// Det-0 silences what AurA dampens.
TEST_P(LayerwiseParity, Det0SilencesTheDetectors) {
  const MapSet set = learn("det-0", Json::object());
  for (const auto& [key, map] : set.maps) {
    const std::string site = to_string(key);
    const Tensor auroc_D = golden("aura/auroc/" + site);
    const Tensor slack_D = golden("aura/ties/" + site) / 64 + 1e-4;
    const Tensor is_silent = map.scale_D == 0;
    EXPECT_FALSE(
        is_silent.logical_and(auroc_D < 0.5 - slack_D).any().item<bool>());
    EXPECT_FALSE(is_silent.logical_not()
                     .logical_and(auroc_D > 0.5 + slack_D)
                     .any()
                     .item<bool>());
  }
}

INSTANTIATE_TEST_SUITE_P(Models,
                         LayerwiseParity,
                         ::testing::ValuesIn(testing::kParityModels),
                         testing::test_name<const char*>);

}  // namespace
}  // namespace lineas
