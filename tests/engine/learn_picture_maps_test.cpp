// LinEAS and the layer-wise methods through one denoising step, against golden
// numbers of a reference that was checked by finite differences.
#include "lineas/engine/learn_picture_maps.h"

#include <gtest/gtest.h>

#include "lineas/tap/recorder.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::error_of;

// Shares of a run's largest change; Adam divides by the gradient's size.
constexpr double kSgdBar = 1e-3;
constexpr double kAdamBar = 2e-2;
constexpr double kFitBar = 5e-4;
constexpr double kLossBar = 1e-5;

class PictureGolden {
 public:
  explicit PictureGolden(const std::string& name)
      : folder(testing::test_data("images") + "/" + name) {
    if (!exists()) return;
    json = read_json(folder + "/golden.json");
    tensors = std::make_unique<SafetensorsFile>(folder + "/golden.safetensors");
  }
  bool exists() const { return is_pipeline_folder(folder + "/pipeline"); }
  Tensor operator()(const std::string& name) const {
    return tensors->view(name);
  }

  /// Both lists of four, from the latents that are given; `names`: the sites.
  PictureLearnRequest request(const Json& names) const {
    PictureLearnRequest request;
    request.source = {.texts = json["source"], .name = "source"};
    request.target = {.texts = json["target"], .name = "target"};
    request.latents = (*this)("latents");
    request.settings.size = {json["picture"][0], json["picture"][1]};
    if (json.contains("max_sequence_length"))
      request.settings.prompt.t5_tokens = json["max_sequence_length"];
    if (json["kind"] == "sdxl") {
      request.settings.sampler.scheduler = "euler";
      request.settings.sampler.spacing = "trailing";
    }
    request.settings.sampler.steps = 4;
    std::string pattern;
    for (std::string name : names) {
      if (const size_t at = name.find("@joint"); at != std::string::npos)
        name.resize(at);
      pattern += (pattern.empty() ? "" : "|") + escaped(name);
    }
    request.sites = pattern;
    return request;
  }

  std::string folder;
  Json json;
  std::unique_ptr<SafetensorsFile> tensors;

 private:
  static std::string escaped(const std::string& name) {
    std::string pattern;
    for (const char c : name) pattern += c == '.' ? "\\." : std::string(1, c);
    return pattern;
  }
};

class LearnPictures
    : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  void SetUp() override {
    if (!golden_.exists()) GTEST_SKIP() << testing::kNoTestData;
    if (!golden_.json.contains(part())) GTEST_SKIP() << "no such sites";
    engine_ = std::make_unique<PictureEngine>(
        golden_.folder + "/pipeline",
        PictureEngineOptions{{.device = "cpu", .dtype = "float32"}});
    request_ = golden_.request(lineas()["sites"]);
  }
  std::string part() const { return std::get<1>(GetParam()); }
  const Json& lineas() const { return golden_.json[part()]; }

  MapSet learn() {
    Progress silent;
    return learn_maps(*engine_, request_, silent);
  }
  static MapKey key_of_golden(const std::string& site) {
    return parse_map_key(site.substr(0, site.find("@joint")));
  }

  /// The maps of a run, against theirs, in shares of its largest change.
  void expect_maps(const MapSet& set,
                   const std::string& run,
                   double bar,
                   const Json& most) {
    for (const std::string site : lineas()["sites"]) {
      const AffineMap* map = set.find(key_of_golden(site));
      ASSERT_NE(map, nullptr) << site;
      const std::string prefix = part() + "/" + run;
      const auto expect = [&](const Tensor& got, const char* name) {
        const Tensor wanted = golden_(prefix + "/" + name + "/" + site);
        const double size = most.empty() ? 1.0 : most[name].get<double>();
        EXPECT_LE((got - wanted).abs().max().item<double>(), bar * size)
            << run << " " << name << " " << site;
      };
      expect(map->scale_D, "scale");
      expect(map->shift_D, "shift");
    }
  }

  PictureGolden golden_{std::get<0>(GetParam())};
  std::unique_ptr<PictureEngine> engine_;
  PictureLearnRequest request_;
};

TEST_P(LearnPictures, LineasGoesThePublishedSteps) {
  for (const auto& [name, run] : lineas()["runs"].items()) {
    request_.options = {{"optimizer", run["optimizer"]},
                        {"lr", run["lr"]},
                        {"steps", run["steps"]},
                        {"schedule", run["schedule"]}};
    const MapSet set = learn();
    const std::vector<double> loss = set.provenance["loss"];
    const std::vector<double> wanted = run["loss"];
    for (size_t t = 0; t < loss.size(); ++t)
      EXPECT_NEAR(loss[t], wanted[t], kLossBar * std::max(1.0, wanted[t]))
          << name << " step " << t;
    expect_maps(set,
                name,
                run["optimizer"] == "adam" ? kAdamBar : kSgdBar,
                run["max_change"]);
  }
}

TEST_P(LearnPictures, LinearActFitsSitesAsTheyAreVisited) {
  request_.method = "linear-act";
  request_.options = {{"shrink", "none"}};
  const MapSet set = learn();
  expect_maps(set, "linear_act/incr_visit", kFitBar, Json());
}

TEST_P(LearnPictures, LinearActFitsSitesAsTheyAreListed) {
  if (golden_.json["kind"] != "sdxl")
    GTEST_SKIP() << "FLUX lists its blocks as they run";
  request_.method = "linear-act";
  request_.options = {{"site-order", "listed"}, {"shrink", "none"}};
  expect_maps(learn(), "linear_act/incr_listed", kFitBar, Json());
}

TEST_P(LearnPictures, MapsSteerTheDenoiser) {
  MapSet set;
  for (const std::string site : lineas()["sites"])
    set.maps.add(key_of_golden(site),
                 {golden_(part() + "/sgd_lr1/scale/" + site),
                  golden_(part() + "/sgd_lr1/shift/" + site)});
  PictureRows rows{.prompts = request_.source.texts,
                   .rows = {{0, 0}, {1, 1}, {2, 2}, {3, 3}},
                   .seeds = {0, 1, 2, 3},
                   .latents = request_.latents};
  PictureDrive drive(engine_->model(), request_.settings, rows, {.calls = 1});
  const SiteIndex output = drive.outcome()->site;
  for (const double strength : {0.5, 1.0}) {
    SteerTap tap(engine_->model().sites(), {{set, strength, "golden"}});
    const std::vector<int64_t> all{0, 1, 2, 3};
    const Tensor got =
        record_tokens(drive, all, {{output, 0}}, {.before = &tap})[0];
    const Tensor wanted =
        golden_(fmt::format("{}/steered/sgd_lr1/{}/out", part(), strength));
    EXPECT_LE(error_of(got.view(wanted.sizes()), wanted), 1e-4) << strength;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Pipelines,
    LearnPictures,
    ::testing::Combine(::testing::Values("sdxl", "flux-dev", "flux-schnell"),
                       ::testing::Values("lineas", "lineas_joint")),
    [](const auto& info) {
      std::string name =
          std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param);
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace
}  // namespace lineas
