// A run of a scheduler against one that diffusers made.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "lineas/schedulers/scheduler.h"
#include "lineas/tensor/checkpoint.h"
#include "tests/support/compare.h"

namespace lineas::testing {

/// The arguments of set_timesteps as golden files have them. The tokens that a
/// "mu" was made from are not among them.
inline SamplerOptions options_of(const Json& given) {
  SamplerOptions options;
  if (given.contains("num_inference_steps"))
    options.steps = given["num_inference_steps"].get<int64_t>();
  if (given.contains("timesteps"))
    options.timesteps = given["timesteps"].get<std::vector<double>>();
  if (given.contains("sigmas"))
    options.sigmas = given["sigmas"].get<std::vector<double>>();
  if (given.contains("image_tokens"))
    options.image_tokens = given["image_tokens"].get<int64_t>();
  return options;
}

inline Tensor as_tensor(const std::vector<double>& numbers) {
  return at::tensor(numbers, at::kDouble);
}

/// What the denoiser says to its input, at a call and its timestep.
using Denoiser = std::function<Tensor(const Tensor&, int64_t, double)>;

/// Schedule and latents after every step, from the golden start.
inline void expect_run(const Scheduler& scheduler,
                       const SafetensorsFile& tensors,
                       const std::string& name,
                       const Denoiser& denoiser,
                       double usual_bar) {
  // A first sigma of 4096 enlarges the rounding, by the processor's own.
  const bool is_steep = name.find("zero_snr") != std::string::npos;
  const double bar = is_steep ? 20 * usual_bar : usual_bar;
  EXPECT_LE(error_of(as_tensor(scheduler.timesteps()) / 1000,
                     tensors.view(name + "/timesteps") / 1000),
            1e-6);
  if (!scheduler.sigmas().empty())
    EXPECT_LE(
        error_of(as_tensor(scheduler.sigmas()), tensors.view(name + "/sigmas")),
        1e-6);
  const Tensor latents = tensors.view(name + "/latents");
  ASSERT_EQ(latents.size(0), scheduler.calls() + 1);
  const auto row = [](const Tensor& all, int64_t i) {
    return all.dim() == 5 || all.dim() == 4 && all.size(1) == 1
               ? all[i]
               : all.slice(0, i, i + 1);
  };
  Carried carried = {row(latents, 0)};
  int64_t draws = 0;
  for (int64_t i = 0; i < scheduler.calls(); ++i) {
    const Tensor output = denoiser(
        scheduler.scale_input(carried[0], i), i, scheduler.timesteps()[i]);
    EXPECT_EQ(scheduler.noises_before(i), draws);
    Tensor noise;
    if (scheduler.needs_noise(i))
      noise = row(tensors.view(name + "/noise"), draws++);
    carried = scheduler.step(output, i, carried, noise);
    ASSERT_LE(error_of(carried[0], row(latents, i + 1)), bar) << "step " << i;
  }
}

}  // namespace lineas::testing
