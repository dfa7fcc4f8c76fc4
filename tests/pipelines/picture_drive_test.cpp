// Whole ways from noise to picture, against the pipelines of diffusers: every
// sampler of the goldens beside the project, guidance, noise by seed, FLUX.
#include "lineas/pipelines/picture_drive.h"

#include "lineas/base/file.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::TempFolder;

constexpr double kBar = 1e-4;
const std::vector<int64_t> kFirst{0};

class NoTap : public Tap {
  Tensor visit(SiteIndex, Tensor x, const PassContext&) override { return x; }
};

class Golden {
 public:
  explicit Golden(const std::string& name)
      : folder(testing::test_data("images") + "/" + name) {
    if (!exists()) return;
    json = read_json(folder + "/golden.json");
    tensors = std::make_unique<SafetensorsFile>(folder + "/golden.safetensors");
  }
  bool exists() const { return is_pipeline_folder(pipeline()); }
  std::string pipeline() const { return folder + "/pipeline"; }
  Tensor operator()(const std::string& name) const {
    return tensors->view(name);
  }
  bool has(const std::string& name) const {
    for (const TensorEntry& entry : tensors->entries())
      if (entry.name == name) return true;
    return false;
  }
  PictureSize size() const { return {json["picture"][0], json["picture"][1]}; }
  PictureSettings settings() const {
    PictureSettings settings{.size = size()};
    if (json.contains("max_sequence_length"))
      settings.prompt.t5_tokens = json["max_sequence_length"];
    return settings;
  }
  std::vector<std::string> prompts() const {
    auto texts = json["source"].get<std::vector<std::string>>();
    for (const Json& text : json["target"]) texts.push_back(text);
    return texts;
  }

  std::string folder;
  Json json;
  std::unique_ptr<SafetensorsFile> tensors;
};

class SharedDrive : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!golden_.exists()) GTEST_SKIP() << testing::kNoTestData;
  }
  bool is_flux() const { return std::string(GetParam()).starts_with("flux"); }

  /// The folder with the scheduler of a sampler, as `config` has it.
  PictureModel model_of(const std::string& name, const Json& sampler) {
    Json config = sampler["config"];
    config["_class_name"] = sampler["scheduler"];
    folder_.write("scheduler_config.json", config.dump());
    PictureModelOptions options{.dtype = at::kFloat,
                                .replaced = {{"scheduler", folder_.path()}}};
    if (name.starts_with("dmd2"))
      options.replaced["unet"] = golden_.folder + "/dmd2_unet_fp16.bin";
    return PictureModel(golden_.pipeline(), options);
  }

  /// The arguments of the pipeline's call.
  PictureSettings settings_of(const Json& call) const {
    PictureSettings settings = golden_.settings();
    const char* scale = is_flux() ? "true_cfg_scale" : "guidance_scale";
    settings.cfg_scale = call.value(scale, 0.0);
    if (is_flux()) settings.guidance = call["guidance_scale"];
    settings.cfg_rescale = call.value("guidance_rescale", 0.0);
    settings.sampler.eta = call.value("eta", 0.0);
    if (call.contains("negative_prompt"))
      settings.negative = call["negative_prompt"].get<std::string>();
    if (call.contains("num_inference_steps"))
      settings.sampler.steps = call["num_inference_steps"].get<int64_t>();
    if (call.contains("timesteps"))
      settings.sampler.timesteps = call["timesteps"].get<std::vector<double>>();
    return settings;
  }

  PictureRows first_row(const Json& sampler) const {
    const uint64_t seed = sampler["noise_seed"].is_null()
                              ? 0
                              : sampler["noise_seed"].get<uint64_t>();
    return {.prompts = {sampler["call"]["prompt"].get<std::string>()},
            .rows = {{}},
            .seeds = {seed},
            .latents = golden_("latents").narrow(0, 0, 1)};
  }

  void expect_sampler(const std::string& name, const Json& sampler) {
    const PictureModel model = model_of(name, sampler);
    PictureDrive drive(
        model, settings_of(sampler["call"]), first_row(sampler), {});
    const at::NoGradGuard no_grad;
    const Tensor wanted = golden_("sampler/" + name + "/latents");
    ASSERT_EQ(drive.segments() + 1, wanted.size(0)) << name;
    Trajectory trajectory = drive.begin(kFirst);
    NoTap none;
    EXPECT_LE(error_of(drive.latents(trajectory), wanted[0]), kBar) << name;
    for (int64_t step = 0; step < drive.segments(); ++step) {
      drive.advance(trajectory, none);
      EXPECT_LE(error_of(drive.latents(trajectory), wanted[step + 1]), kBar)
          << name << " after step " << step;
    }
    const std::string image = "sampler/" + name + "/image";
    if (!golden_.has(image)) return;
    const Tensor picture =
        model.decode(drive.latents(trajectory), drive.denoiser().shape());
    EXPECT_LE(error_of(picture, golden_(image)), kBar) << name;
  }

  Golden golden_{GetParam()};
  TempFolder folder_;
};

TEST_P(SharedDrive, EverySamplerGoesThePublishedWay) {
  for (const auto& [name, sampler] : golden_.json["samplers"].items())
    expect_sampler(name, sampler);
}

TEST_P(SharedDrive, PromptsAreEmbeddedAsPublished) {
  const PictureModel model(golden_.pipeline(), {.dtype = at::kFloat});
  const PromptEncoder encoder(
      model.networks(), model.index(), golden_.settings().prompt);
  const auto expect = [&](const PromptEmbeddings& made,
                          const std::string& prefix) {
    if (!golden_.has(prefix + "prompt_embeds")) return;
    EXPECT_LE(error_of(made.text_BLD, golden_(prefix + "prompt_embeds")), kBar)
        << prefix;
    const std::string pooled = prefix + "pooled_prompt_embeds";
    EXPECT_EQ(made.pooled_BD.defined(), golden_.has(pooled)) << prefix;
    if (made.pooled_BD.defined() && golden_.has(pooled))
      EXPECT_LE(error_of(made.pooled_BD, golden_(pooled)), kBar) << prefix;
  };
  expect(encoder.encode(golden_.prompts()), "text/");
  expect(encoder.encode({golden_.json["negative"].get<std::string>()}),
         "text/negative_");
  expect(encoder.encode_nothing(), "text/negative_none_");
}

INSTANTIATE_TEST_SUITE_P(
    Pipelines,
    SharedDrive,
    ::testing::Values("sdxl", "sd15", "flux-dev", "flux-schnell"),
    [](const auto& info) {
      std::string name = info.param;
      std::erase(name, '-');
      return name;
    });

class Seeded : public ::testing::Test {
 protected:
  Tensor made(const std::string& name,
              std::vector<uint64_t> seeds,
              bool one_generator) {
    const Golden golden(name);
    const PictureModel model(golden.pipeline(), {.dtype = at::kFloat});
    PictureSettings settings = golden.settings();
    settings.sampler.steps = 2;
    if (!name.starts_with("flux")) {
      settings.sampler.scheduler = "euler";
      settings.sampler.spacing = "trailing";
    }
    PictureDrive drive(model,
                       settings,
                       {.prompts = {golden.prompts()[1], golden.prompts()[5]},
                        .rows = {{0, 0}, {1, 1}},
                        .seeds = std::move(seeds),
                        .noise = {.one_generator = one_generator}},
                       {});
    const at::NoGradGuard no_grad;
    const std::vector<int64_t> rows{0, 1};
    Trajectory trajectory = drive.begin(rows);
    NoTap none;
    drive.finish(trajectory, none);
    return drive.latents(trajectory);
  }
};

TEST_F(Seeded, NoiseIsThatOfTorch) {
  for (const char* name : {"sdxl", "flux-dev", "flux-schnell"}) {
    const Golden golden(name);
    if (!golden.exists()) GTEST_SKIP() << testing::kNoTestData;
    EXPECT_LE(error_of(made(name, {42}, true),
                       golden("seeded/latents_one_generator")),
              kBar)
        << name;
    if (golden.has("seeded/latents_list_of_generators"))
      EXPECT_LE(error_of(made(name, {42, 43}, false),
                         golden("seeded/latents_list_of_generators")),
                kBar)
          << name;
  }
}

}  // namespace
}  // namespace lineas
