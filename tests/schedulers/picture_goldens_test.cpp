// The scheduler cases, generator numbers and pipeline runs of the outside
// picture data: read from $LINEAS_TEST_DATA/images.
#include "lineas/base/file.h"
#include "lineas/schedulers/noise.h"
#include "lineas/schedulers/scheduler.h"
#include "tests/schedulers/golden_run.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::kNoTestData;

constexpr double kBar = 2e-5;

// Image tokens of the cases "flow/dynamic/TOKENS".
void add_tokens(const std::string& name, SamplerOptions& options) {
  const std::string prefix = "flow/dynamic/";
  if (name.starts_with(prefix))
    options.image_tokens = std::stoll(name.substr(prefix.size()));
}

TEST(PictureGoldens, EveryScheduleAndStep) {
  const std::string folder = testing::test_data("images/schedulers");
  if (folder.empty()) GTEST_SKIP() << kNoTestData;
  const Json golden = read_json(folder + "/golden.json");
  const SafetensorsFile tensors(folder + "/golden.safetensors");
  int64_t cases = 0;
  for (const auto& item : golden.items()) {
    if (!item.value().contains("scheduler")) continue;
    SCOPED_TRACE(item.key());
    SamplerOptions options = testing::options_of(item.value()["set_timesteps"]);
    options.scheduler = item.value()["scheduler"].get<std::string>();
    options.eta = value_or(item.value(), "eta", "golden", 0.0);
    add_tokens(item.key(), options);
    const auto scheduler =
        make_scheduler(item.value()["config"], options, "golden.json");
    const double start = item.value()["init_noise_sigma"];
    EXPECT_NEAR(scheduler->init_noise_sigma(), start, 1e-6 * start);
    const Tensor first = tensors.view(item.key() + "/latents")[0];
    EXPECT_LE(error_of(tensors.view("noise_in") * start, first), 1e-6);
    testing::expect_run(
        *scheduler,
        tensors,
        item.key(),
        [](const Tensor& x, int64_t, double t) {
          return at::sin(2 * x + t / 200);
        },
        kBar);
    ++cases;
  }
  EXPECT_EQ(cases, 58);
}

at::ScalarType dtype_named(const std::string& name) {
  if (name == "float16") return at::kHalf;
  if (name == "bfloat16") return at::kBFloat16;
  return name == "float64" ? at::kDouble : at::kFloat;
}

TEST(PictureGoldens, NumbersOfTorchsGenerator) {
  const std::string folder = testing::test_data("images/schedulers");
  if (folder.empty()) GTEST_SKIP() << kNoTestData;
  const SafetensorsFile tensors(folder + "/golden.safetensors");
  const std::vector<int64_t> one = {0};
  int64_t cases = 0;
  for (const TensorEntry& entry : tensors.entries()) {
    if (!entry.name.starts_with("randn/seed42/") ||
        entry.name.find("/then/") != std::string::npos)
      continue;
    SCOPED_TRACE(entry.name);
    const std::string rest = entry.name.substr(13);
    const std::string dtype = rest.substr(0, rest.find('/'));
    PictureNoise noise({42}, entry.shape, 1, {.dtype = dtype_named(dtype)});
    EXPECT_LE(error_of(noise.draw(one, 0)[0], tensors.view(entry)), 1e-6);
    ++cases;
  }
  EXPECT_EQ(cases, 12);
  PictureNoise high({(1ULL << 63) + 5}, {20}, 1);
  EXPECT_LE(
      error_of(high.draw(one, 0)[0], tensors.view("randn/seed2**63+5/20")),
      1e-6);
}

// The pipeline's guidance, which is no scheduler's business.
Tensor guided(const Tensor& output, const Json& call) {
  const double scale = value_or(call, "guidance_scale", "call", 0.0);
  if (output.size(0) == 1) return output;
  const Tensor no = output.slice(0, 0, 1), yes = output.slice(0, 1, 2);
  const Tensor out = no + scale * (yes - no);
  const double rescale = value_or(call, "guidance_rescale", "call", 0.0);
  return out * (rescale * (yes.std() / out.std()) + (1 - rescale));
}

// Two calls a step, the conditional first.
Tensor truly_guided(const Tensor& outputs, int64_t step, double scale) {
  const Tensor yes = outputs[2 * step], no = outputs[2 * step + 1];
  return no + scale * (yes - no);
}

class PipelineRuns : public ::testing::TestWithParam<const char*> {};

TEST_P(PipelineRuns, StepsOfEverySampler) {
  const std::string folder =
      testing::test_data(std::string("images/") + GetParam());
  if (folder.empty()) GTEST_SKIP() << kNoTestData;
  const Json golden = read_json(folder + "/golden.json");
  const SafetensorsFile tensors(folder + "/golden.safetensors");
  for (const auto& item : golden["samplers"].items()) {
    SCOPED_TRACE(item.key());
    const Json& call = item.value()["call"];
    const std::string name = "sampler/" + item.key();
    SamplerOptions options = testing::options_of(call);
    options.scheduler = item.value()["scheduler"].get<std::string>();
    options.eta = value_or(call, "eta", "call", 0.0);
    if (*options.scheduler == "FlowMatchEulerDiscreteScheduler") {
      options.sigmas = flow_pipeline_sigmas(*options.steps);
      options.steps.reset();
      options.image_tokens = tensors.view(name + "/latents").size(2);
    }
    const auto scheduler =
        make_scheduler(item.value()["config"], options, "golden.json");
    const Tensor outputs = tensors.view(name + "/denoiser_out");
    const double true_cfg = value_or(call, "true_cfg_scale", "call", 1.0);
    testing::expect_run(
        *scheduler,
        tensors,
        name,
        [&](const Tensor&, int64_t step, double) {
          return true_cfg > 1 ? truly_guided(outputs, step, true_cfg)
                              : guided(outputs[step], call);
        },
        kBar);
    if (item.value()["noise_seed"].is_null()) continue;
    const Tensor noises = tensors.view(name + "/noise");
    const Tensor latents = tensors.view("latents");
    PictureNoise noise({item.value()["noise_seed"].get<uint64_t>()},
                       latents.sizes().slice(1).vec(),
                       1);
    for (int64_t i = 0; i < noises.size(0); ++i)
      EXPECT_LE(error_of(noise.draw(std::vector<int64_t>{0}, i), noises[i]),
                1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Pipelines,
    PipelineRuns,
    ::testing::Values("sdxl", "sd15", "flux-dev", "flux-schnell"),
    [](const auto& info) {
      std::string name = info.param;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(PictureGoldens, RealConfigsGiveSchedulers) {
  const std::string folder = testing::test_data("images/configs");
  if (folder.empty()) GTEST_SKIP() << kNoTestData;
  const std::vector<std::pair<const char*, double>> first = {
      {"sdxl-base", 751},
      {"sdxl-turbo", 999},
      {"sd15", 751},
      {"sd21", 751},
      {"sd-turbo", 999},
      {"flux-schnell", 1000},
      {"flux-dev", 1000}};
  for (const auto& [name, timestep] : first) {
    const std::string path =
        folder + "/" + name + "/scheduler/scheduler_config.json";
    const auto scheduler = make_scheduler(
        read_scheduler_config(path), {.steps = 4, .image_tokens = 1024}, path);
    EXPECT_EQ(scheduler->timesteps()[0], timestep) << name;
  }
}

}  // namespace
}  // namespace lineas
