// LinEAS against the golden numbers of the parity folder: loss and gradient at
// the identity, maps and loss curve after 10 steps of every run.
#include <gtest/gtest.h>

#include "lineas/descent/optimizer.h"
#include "lineas/descent/penalty.h"
#include "lineas/generate/text_drive.h"
#include "lineas/maps/steer_tap.h"
#include "tests/support/compare.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::Ids;

constexpr double kBar = 1e-4;
constexpr const char* kModels[] = {
    "tiny-gpt2", "tiny-llama", "tiny-qwen2", "tiny-gemma2", "stories260K"};
constexpr const char* kRuns[] = {"sgd",
                                 "sgd_lr0.01",
                                 "sgd_l1",
                                 "sgd_sparse",
                                 "adam",
                                 "adam_l1",
                                 "adam_sparse",
                                 "adam_lr0.05",
                                 "adam_lr0.05_l1",
                                 "adam_lr0.05_sparse"};

std::string test_name(std::string text) {
  for (char& letter : text)
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  return text;
}

// One folder of goldens, with its model and prompts.
class Golden {
 public:
  explicit Golden(const std::string& name)
      : folder_(testing::test_data("parity/" + name)),
        json_(read_json(folder_ + "/golden.json")),
        tensors_(folder_ + "/golden.safetensors"),
        model_(load_language_model(file_exists(folder_ + "/config.json")
                                       ? folder_
                                       : testing::test_data("models/" + name),
                                   {.dtype = at::kFloat})),
        drive_(*model_, prompts()) {
    for (const Json& site : json_["sites"])
      places_.push_back({model_->sites().find(site.get<std::string>())});
  }

  Problem problem() {
    const auto n = static_cast<int64_t>(json_["source"].size());
    return {.drive = drive_,
            .source_rows = testing::rows_between(0, n),
            .target_rows = testing::rows_between(n, drive_.row_count()),
            .map_places = places_,
            .match_places = places_};
  }
  LineasOptions options(const std::string& run) const {
    const Json& golden = json_["lineas"][run];
    LineasOptions options;
    options.optimizer = golden["optimizer"];
    options.lr = golden["lr"];
    options.steps = golden["steps"];
    if (golden["prox"].is_null()) return options;
    const auto pair = [&golden](const char* name) {
      const Json& weights = golden["weights"];
      return fmt::format("{},{}",
                         weights.value(fmt::format("{}_w", name), 0.0),
                         weights.value(fmt::format("{}_b", name), 0.0));
    };
    options.l1 = pair("l1");
    options.group = pair("l2");
    return options;
  }
  const Json& run(const std::string& run) const { return json_["lineas"][run]; }
  Tensor tensor(const std::string& name) const { return tensors_.view(name); }

  // The largest error over sites of one half of the maps.
  double worst(const std::string& prefix,
               const std::map<std::string, AffineMap>& maps,
               Tensor AffineMap::*part) const {
    double worst = 0;
    for (const auto& [site, map] : maps)
      worst = std::max(worst, error_of(map.*part, tensor(prefix + site)));
    return worst;
  }

 private:
  std::vector<Ids> prompts() const {
    auto prompts = json_["source"].get<std::vector<Ids>>();
    for (const Ids& prompt : json_["target"].get<std::vector<Ids>>())
      prompts.push_back(prompt);
    return prompts;
  }

  std::string folder_;
  Json json_;
  SafetensorsFile tensors_;
  std::unique_ptr<LanguageModel> model_;
  TextDrive drive_;
  std::vector<Place> places_;
};

// Loss by site of the responses with these maps, by the steering tap.
ObjectiveValue loss_with(const MapSet& maps, const Problem& problem) {
  const c10::NoGradGuard no_gradients;
  Drive& drive = problem.drive;
  SteerTap steer(drive.sites(), {{.set = maps}});
  MatchObjective objective(
      record(drive, problem.target_rows, problem.match_places), {});
  const std::vector<Tensor> source = record(
      drive, problem.source_rows, problem.match_places, {.before = &steer});
  return objective.evaluate(at::cat(source, 1), 0);
}

class IdentityParity : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (testing::test_data("").empty()) GTEST_SKIP() << testing::kNoTestData;
  }
};

TEST_P(IdentityParity, LossAndGradient) {
  Golden golden(GetParam());
  const Problem problem = golden.problem();
  const ObjectiveValue value = loss_with(MapSet(), problem);
  const auto count = static_cast<int64_t>(value.site_loss.size());
  const double site_loss =
      error_of(at::tensor(value.site_loss).view({count}),
               golden.tensor("lineas/identity/site_loss").view({count}));
  const double loss = error_of(at::tensor({value.loss}),
                               golden.tensor("lineas/identity/loss").view({1}));
  const auto gradients = testing::gradients_of({}, problem);
  const double scale =
      golden.worst("lineas/identity/grad_w/", gradients, &AffineMap::scale_D);
  const double shift =
      golden.worst("lineas/identity/grad_b/", gradients, &AffineMap::shift_D);
  EXPECT_LE(loss, kBar);
  EXPECT_LE(site_loss, kBar);
  EXPECT_LE(scale, kBar);
  EXPECT_LE(shift, kBar);
  RecordProperty("errors",
                 fmt::format("loss {:.1e} site_loss {:.1e} grad_w {:.1e} "
                             "grad_b {:.1e}",
                             loss,
                             site_loss,
                             scale,
                             shift));
}

INSTANTIATE_TEST_SUITE_P(Models,
                         IdentityParity,
                         ::testing::ValuesIn(kModels),
                         [](const auto& info) {
                           return test_name(info.param);
                         });

class RunParity
    : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  void SetUp() override {
    if (testing::test_data("").empty()) GTEST_SKIP() << testing::kNoTestData;
  }
};

double share(const MapSet& set, Tensor AffineMap::*part, double value) {
  double equal = 0, all = 0;
  for (const auto& [site, map] : set.maps) {
    equal += (map.*part).eq(value).sum().item<double>();
    all += static_cast<double>(map.width());
  }
  return equal / all;
}

// At step 5 of one run two source responses of a neuron are 2.5e-6 apart, while
// their targets are 0.45 apart. Which comes first is decided by rounding (by
// the number of threads), and moves the maps by 1.007e-4.
double bar(const std::string& model, const std::string& run) {
  return model == "tiny-gemma2" && run == "sgd_sparse" ? 1.1e-4 : kBar;
}

TEST_P(RunParity, MapsAndLossCurve) {
  const auto [model, run] = GetParam();
  Golden golden(model);
  const Problem problem = golden.problem();
  const MapSet set = testing::learn(golden.options(run), problem);
  std::map<std::string, AffineMap> maps;
  for (const auto& [key, map] : set.maps) maps[to_string(key)] = map;
  const std::string prefix = fmt::format("lineas/{}/", run);
  const double scale = golden.worst(prefix + "w/", maps, &AffineMap::scale_D);
  const double shift = golden.worst(prefix + "b/", maps, &AffineMap::shift_D);
  auto losses = set.provenance["loss"].get<std::vector<double>>();
  losses.push_back(loss_with(set, problem).loss);
  const double loss =
      error_of(at::tensor(losses), golden.tensor(prefix + "loss"));
  EXPECT_LE(scale, bar(model, run));
  EXPECT_LE(shift, bar(model, run));
  EXPECT_LE(loss, kBar);
  // A share of exact zeros may differ by an entry in a hundred.
  const Json& shares = golden.run(run);
  EXPECT_NEAR(share(set, &AffineMap::scale_D, 1),
              shares["share_w_equal_1"].get<double>(),
              0.01);
  EXPECT_NEAR(share(set, &AffineMap::shift_D, 0),
              shares["share_b_equal_0"].get<double>(),
              0.01);
  RecordProperty(
      "errors",
      fmt::format("w {:.1e} b {:.1e} loss {:.1e} zeros {:.4f} {:.4f}",
                  scale,
                  shift,
                  loss,
                  share(set, &AffineMap::scale_D, 1),
                  share(set, &AffineMap::shift_D, 0)));
}

TEST_P(RunParity, LearningRates) {
  const auto [model, run] = GetParam();
  Golden golden(model);
  const LineasOptions options = golden.options(run);
  const auto rates = golden.run(run)["lr_curve"].get<std::vector<double>>();
  for (size_t t = 0; t < rates.size(); ++t)
    EXPECT_NEAR(learning_rate(Schedule::cosine, options.lr, t, options.steps),
                rates[t],
                1e-12 * options.lr);
}

INSTANTIATE_TEST_SUITE_P(Models,
                         RunParity,
                         ::testing::Combine(::testing::ValuesIn(kModels),
                                            ::testing::ValuesIn(kRuns)),
                         [](const auto& info) {
                           return test_name(
                               fmt::format("{}_{}",
                                           std::get<0>(info.param),
                                           std::get<1>(info.param)));
                         });

TEST(ProxParity, OneStep) {
  if (testing::test_data("").empty()) GTEST_SKIP() << testing::kNoTestData;
  for (const char* name : kModels) {
    Golden golden(name);
    const std::pair<const char*, Penalty> cases[] = {
        {"l1", {.l1_scale = 0.1, .l1_shift = 0.05}},
        {"sparse",
         {.l1_scale = 0.1,
          .l1_shift = 0.05,
          .group_scale = 0.05,
          .group_shift = 0.1}}};
    for (const auto& [kind, penalty] : cases) {
      const Tensor scale_D = golden.tensor("prox_unit/in/w").clone();
      const Tensor shift_D = golden.tensor("prox_unit/in/b").clone();
      apply_prox(scale_D, shift_D, penalty, /*tau=*/0.5);
      const std::string prefix = fmt::format("prox_unit/{}/", kind);
      EXPECT_LE(error_of(scale_D, golden.tensor(prefix + "w")), 1e-6) << kind;
      EXPECT_LE(error_of(shift_D, golden.tensor(prefix + "b")), 1e-6) << kind;
    }
  }
}

}  // namespace
}  // namespace lineas
