// How much of a picture is left at each training timestep: betas and the
// products of 1 - beta, as diffusers computes them in float32.
#pragma once

#include <vector>

#include "lineas/schedulers/scheduler_config.h"

namespace lineas {

/// What a class does with the last product of rescale_betas_zero_snr, 0.
enum class ZeroSnr { stays_zero, becomes_tiny };

/// alphas_cumprod of every training timestep, from num_train_timesteps,
/// beta_start, beta_end, beta_schedule, trained_betas and (where the class has
/// it) rescale_betas_zero_snr.
std::vector<double> read_alphas_cumprod(const SchedulerConfig& config,
                                        ZeroSnr zero_snr);

/// sqrt((1 - a) / a) of each, in float32.
std::vector<double> sigmas_of(const std::vector<double>& alphas_cumprod);

/// The product at a timestep; below the first one, `final_alpha`.
double alpha_at(const std::vector<double>& alphas_cumprod,
                int64_t timestep,
                double final_alpha);

/// Of classes with set_alpha_to_one: what stands below the first timestep.
double read_final_alpha(const SchedulerConfig& config,
                        const std::vector<double>& alphas_cumprod);

/// The number as float32 holds it.
inline double in_float32(double x) {
  return static_cast<double>(static_cast<float>(x));
}

}  // namespace lineas
