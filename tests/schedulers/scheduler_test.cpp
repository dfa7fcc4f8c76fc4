// Schedules and steps of every class against diffusers
// (tools/goldens/make_schedulers.py), and what is refused.
#include "lineas/schedulers/scheduler.h"

#include "lineas/base/file.h"
#include "tests/schedulers/golden_run.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;
using testing::TempFolder;

const std::string kData = LINEAS_SOURCE_DIR "/tests/schedulers/data/schedulers";

const Json& golden() {
  static const Json json = read_json(kData + ".json");
  return json;
}

Json latent_config(const std::string& class_name) {
  return {{"_class_name", class_name},
          {"beta_start", 0.00085},
          {"beta_end", 0.012},
          {"beta_schedule", "scaled_linear"},
          {"skip_prk_steps", true}};
}

TEST(Scheduler, DoesAsDiffusersDoes) {
  const testing::LogCapture quiet;
  const SafetensorsFile tensors(kData + ".safetensors");
  const auto denoiser = [](const Tensor& x, int64_t, double t) {
    return at::tanh(1.5 * x) + 0.3 * std::sin(t / 150);
  };
  for (const auto& item : golden()["cases"].items()) {
    SCOPED_TRACE(item.key());
    const Json& made = item.value();
    SamplerOptions options = testing::options_of(made["set_timesteps"]);
    options.scheduler = made["scheduler"].get<std::string>();
    if (!made["eta"].is_null()) options.eta = made["eta"];
    const auto scheduler =
        make_scheduler(made["config"], options, "scheduler_config.json");
    const double start = made["init_noise_sigma"];
    EXPECT_NEAR(scheduler->init_noise_sigma(), start, 1e-6 * start);
    testing::expect_run(*scheduler, tensors, item.key(), denoiser, 2e-5);
  }
}

TEST(Scheduler, CompletesConfigsAsItsClassDoes) {
  for (const SchedulerClass& known : scheduler_classes())
    EXPECT_EQ(Json::parse(known.defaults),
              golden()["defaults"][known.class_name])
        << known.class_name;
}

TEST(Scheduler, VisitsTheTimestepsOfDiffusersAtAnyNumberOfSteps) {
  for (const auto& spacings : golden()["spacings"].items())
    for (const auto& sums : spacings.value().items())
      for (int64_t n = 1; n <= 100; ++n) {
        SCOPED_TRACE(spacings.key() + sums.key() + std::to_string(n));
        const auto scheduler =
            make_scheduler(latent_config(spacings.key()),
                           {.steps = n, .spacing = sums.key()},
                           "c");
        double sum = 0, weighted = 0;
        for (int64_t i = 0; i < scheduler->calls(); ++i) {
          sum += scheduler->timesteps()[i];
          weighted += static_cast<double>(i) * scheduler->timesteps()[i];
        }
        EXPECT_NEAR(sum, sums.value()[n - 1][0].get<double>(), 0.02);
        EXPECT_NEAR(weighted, sums.value()[n - 1][1].get<double>(), 0.2);
      }
}

TEST(Scheduler, IsFoundByClassAndByShortName) {
  const Json config = latent_config("EulerDiscreteScheduler");
  for (const char* name : {"ddim", "DDIMScheduler"}) {
    const auto scheduler =
        make_scheduler(config, {.scheduler = name, .steps = 4}, "c");
    EXPECT_TRUE(scheduler->sigmas().empty()) << name;
  }
  expect_error(ErrorKind::unsupported,
               {"c.json", "UniPCMultistepScheduler", "LCMScheduler", "dpm++2m"},
               [] {
                 make_scheduler(latent_config("UniPCMultistepScheduler"),
                                {.steps = 4},
                                "c.json");
               });
  EXPECT_TRUE(make_scheduler(latent_config("UniPCMultistepScheduler"),
                             {.scheduler = "ddim", .steps = 4},
                             "c"));
  expect_error(ErrorKind::format, {"c", "_class_name"}, [] {
    make_scheduler(Json::object(), {.steps = 4}, "c");
  });
  expect_error(ErrorKind::unsupported, {"FlowMatch"}, [&] {
    make_scheduler(config, {.scheduler = "flow-euler", .steps = 4}, "c");
  });
}

struct BadOption {
  const char* scheduler;
  SamplerOptions options;
  const char* named;
};

TEST(Scheduler, RefusesBadNumbersBeforeAnythingRuns) {
  const double nan = std::nan("");
  const std::vector<BadOption> cases = {
      {"euler", {}, "steps"},
      {"euler", {.steps = 0}, "steps"},
      {"euler", {.steps = -3}, "-3"},
      {"euler", {.steps = 1001}, "1001"},
      {"ddim", {.steps = 1000, .spacing = "leading"}, ""},
      {"lcm", {.steps = 51}, "original_inference_steps"},
      {"lcm", {.timesteps = {1000}}, "1000"},
      {"lcm", {.timesteps = {499.5}}, "499.5"},
      {"lcm", {.timesteps = {499, 499}}, "descend"},
      {"lcm", {.timesteps = {249, 499}}, "descend"},
      {"lcm", {.timesteps = {999, -1}}, "-1"},
      {"lcm", {.timesteps = {nan}}, "nan"},
      {"lcm", {.sigmas = {3, 0}}, "sigmas"},
      {"lcm", {.steps = 4, .spacing = "leading"}, "spacing"},
      {"euler", {.steps = 2, .timesteps = {999, 499}}, "steps"},
      {"euler", {.timesteps = {999}, .sigmas = {3, 0}}, "either"},
      {"euler", {.sigmas = {3}}, "two"},
      {"euler", {.sigmas = {3, 0, 0}}, "sigmas"},
      {"euler", {.sigmas = {0.5, 3, 0}}, "descend"},
      {"euler", {.steps = 4, .spacing = "even"}, "timestep_spacing"},
      {"euler", {.steps = 4, .prediction = "x0"}, "prediction_type"},
      {"euler", {.steps = 4, .eta = 0.5}, "eta"},
      {"euler-ancestral", {.steps = 4, .prediction = "sample"}, "sample"},
      {"euler-ancestral", {.timesteps = {999}}, "timesteps"},
      {"ddim", {.timesteps = {999}}, "timesteps"},
      {"ddim", {.steps = 4, .eta = 1.5}, "1.5"},
      {"ddim", {.steps = 4, .eta = nan}, "eta"},
      {"pndm", {.timesteps = {999}}, "timesteps"},
      {"dpm++2m", {.timesteps = {999, 10.5}}, "10.5"}};
  for (const BadOption& bad : cases) {
    SCOPED_TRACE(std::string(bad.scheduler) + " " + bad.named);
    SamplerOptions options = bad.options;
    options.scheduler = bad.scheduler;
    Json config = latent_config("EulerDiscreteScheduler");
    config["steps_offset"] = 1;
    try {
      make_scheduler(config, options, "c");
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == ErrorKind::usage ||
                  error.kind() == ErrorKind::unsupported);
      EXPECT_NE(std::string(error.what()).find(bad.named), std::string::npos)
          << error.what();
    }
  }
}

TEST(Scheduler, RefusesFlowNumbersOutOfRange) {
  Json config = {{"_class_name", "FlowMatchEulerDiscreteScheduler"}};
  const auto make = [&](const SamplerOptions& options) {
    make_scheduler(config, options, "c");
  };
  const auto refuses = [&](const SamplerOptions& options, const char* named) {
    expect_error(ErrorKind::usage, {named}, [&] { make(options); });
  };
  refuses({.sigmas = {1, 0.5, 0}}, "appended");
  refuses({.sigmas = {1.5, 0.5}}, "1.5");
  refuses({.timesteps = {1200}}, "1200");
  refuses({.timesteps = {900}, .sigmas = {0.9, 0.5}}, "as many");
  refuses({.steps = 4, .spacing = "leading"}, "timestep_spacing");
  config["shift_terminal"] = 0.1;
  refuses({.sigmas = {1}}, "shift_terminal");
  config = {{"_class_name", "FlowMatchEulerDiscreteScheduler"},
            {"use_dynamic_shifting", true}};
  refuses({.steps = 4}, "image_tokens");
  refuses({.steps = 4, .image_tokens = 0}, "image_tokens");
}

TEST(Scheduler, NamesTheFieldThatItCannotObey) {
  const std::vector<std::tuple<const char*, const char*, Json>> cases = {
      {"euler", "use_beta_sigmas", true},
      {"euler", "num_train_timesteps", 1},
      {"euler", "num_train_timesteps", -5},
      {"euler", "num_train_timesteps", 100000000},
      {"euler", "num_train_timesteps", "many"},
      {"euler", "beta_schedule", "sigmoid"},
      {"euler", "beta_start", 0},
      {"euler", "beta_end", 1e300},
      {"euler", "trained_betas", Json::array({0.1, 0.2})},
      {"euler", "trained_betas", "none"},
      {"euler", "timestep_spacing", "karras"},
      {"euler", "interpolation_type", "cubic"},
      {"euler", "timestep_type", "random"},
      {"euler", "final_sigmas_type", "one"},
      {"euler", "prediction_type", "flow"},
      {"euler", "use_karras_sigmas", "yes"},
      {"euler", "steps_offset", -1},
      {"ddim", "clip_sample_range", 0},
      {"ddim", "dynamic_thresholding_ratio", 2},
      {"ddim", "sample_max_value", -1},
      {"ddim", "rescale_betas_zero_snr", true},
      {"lcm", "original_inference_steps", 0},
      {"lcm", "original_inference_steps", 2000},
      {"pndm", "skip_prk_steps", false},
      {"dpm++2m", "solver_order", 3},
      {"dpm++2m", "algorithm_type", "sde-dpmsolver++"},
      {"dpm++2m", "solver_type", "rk4"},
      {"dpm++2m", "use_flow_sigmas", true},
      {"dpm++2m", "variance_type", "learned"},
      {"dpm++2m", "lambda_min_clipped", "low"},
      {"dpm++2m", "lambda_min_clipped", 1000}};
  for (const auto& [scheduler, key, value] : cases) {
    SCOPED_TRACE(std::string(scheduler) + " " + key);
    Json config = latent_config("EulerDiscreteScheduler");
    config["timestep_spacing"] = "leading";
    if (key == std::string("rescale_betas_zero_snr"))
      config["timestep_spacing"] = "trailing";
    config[key] = value;
    try {
      make_scheduler(config, {.scheduler = scheduler, .steps = 4}, "c.json");
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos)
          << error.what();
      EXPECT_TRUE(std::string(error.what()).starts_with("c.json"))
          << error.what();
    }
  }
}

TEST(Scheduler, ReadsWhatPythonWritesForInfinity) {
  const TempFolder folder;
  const std::string path = folder.path() + "/scheduler_config.json";
  write_file(path,
             R"({"_class_name": "DPMSolverMultistepScheduler",
                 "lambda_min_clipped": -Infinity})");
  EXPECT_EQ(
      make_scheduler(read_scheduler_config(path), {.steps = 4}, path)->calls(),
      4);
  expect_error(ErrorKind::format, {"c"}, [] {
    parse_scheduler_config(R"({"beta_start": Infinity})", "c");
  });
}

TEST(Scheduler, TakesNullForFalseAndForTheDefault) {
  Json config = latent_config("DDIMScheduler");
  config["clip_sample"] = nullptr;
  config["num_train_timesteps"] = nullptr;
  const auto scheduler = make_scheduler(config, {.steps = 2}, "c");
  const Tensor x = at::full({1, 4}, 9.0);
  const Tensor out = scheduler->step(at::zeros({1, 4}), 0, {x})[0];
  EXPECT_GT(out.max().item<double>(), 2) << "clipped all the same";
}

TEST(Scheduler, WarnsOfKeysThatNoClassKnows) {
  testing::LogCapture log;
  Json config = latent_config("DDIMScheduler");
  config["solver_order"] = 2;
  config["eta"] = 0.5;
  make_scheduler(config, {.steps = 2}, "c.json");
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("\"eta\""), std::string::npos);
}

TEST(Scheduler, RefusesTensorsThatDoNotFitAStep) {
  const auto scheduler =
      make_scheduler(latent_config("PNDMScheduler"), {.steps = 4}, "c");
  const Tensor x = at::zeros({2, 3});
  expect_error(ErrorKind::shape, {"[3, 2]"}, [&] {
    scheduler->step(at::zeros({3, 2}), 0, {x});
  });
  expect_error(
      ErrorKind::shape, {"3 tensors"}, [&] { scheduler->step(x, 1, {x}); });
  expect_error(
      ErrorKind::usage, {"step 5"}, [&] { scheduler->step(x, 5, {x}); });
  expect_error(
      ErrorKind::usage, {"no noise"}, [&] { scheduler->step(x, 0, {x}, x); });
}

TEST(Scheduler, KeepsTheDtypeOfTheLatents) {
  const auto scheduler = make_scheduler(
      latent_config("DPMSolverMultistepScheduler"), {.steps = 3}, "c");
  const Tensor x = at::randn({2, 8}).to(at::kHalf);
  const Carried half = scheduler->step(x, 0, {x});
  EXPECT_EQ(half[0].scalar_type(), at::kHalf);
  EXPECT_EQ(half[1].scalar_type(), at::kFloat);
  const Carried whole =
      scheduler->step(x.to(at::kFloat), 0, {x.to(at::kFloat)});
  EXPECT_TRUE(at::equal(half[0], whole[0].to(at::kHalf)));
}

TEST(Flow, SigmasAndShiftOfItsPipelines) {
  EXPECT_EQ(flow_pipeline_sigmas(4),
            (std::vector<double>{1.0, 0.75, 0.5, 0.25}));
  EXPECT_EQ(flow_pipeline_sigmas(1), std::vector<double>{1.0});
  EXPECT_NEAR(flow_shift_mu(Json::object(), 1024, "c"), 0.63, 1e-12);
  EXPECT_NEAR(flow_shift_mu({{"max_shift", 2.0}}, 4096, "c"), 2.0, 1e-12);
  expect_error(ErrorKind::format, {"max_image_seq_len"}, [] {
    flow_shift_mu({{"max_image_seq_len", 256}}, 10, "c");
  });
}

}  // namespace
}  // namespace lineas
