// Which of the training timesteps are visited, and the noise levels that are
// made from a range instead. As numpy computes them, so that roundings agree.
#pragma once

#include <vector>

#include "lineas/schedulers/scheduler.h"
#include "lineas/schedulers/scheduler_config.h"

namespace lineas {

/// `count` numbers from `first` to `last`; of one, `first`.
std::vector<double> linear_range(double first, double last, int64_t count);

/// Descending timesteps (Lin and others, arXiv 2305.08891, table 2). `train` is
/// num_train_timesteps.
std::vector<double> linspace_timesteps(int64_t train, int64_t steps);
std::vector<double> leading_timesteps(int64_t ratio,
                                      int64_t steps,
                                      int64_t offset);
/// From `top` down; numpy's arange, which diffusers uses, is a step too long
/// for some numbers of steps, this is not.
std::vector<double> trailing_timesteps(int64_t top,
                                       int64_t train,
                                       int64_t steps);

/// The three by "timestep_spacing" and "steps_offset".
std::vector<double> read_spacing(const SchedulerConfig& config, int64_t steps);

/// Rounded half to even, as numpy rounds.
std::vector<double> rounded(std::vector<double> numbers);

/// The steps asked for; throws usage for lists, which the class does not take,
/// and for more steps than there are training timesteps.
int64_t require_steps(const SamplerOptions& options,
                      const SchedulerConfig& config,
                      const char* class_name);
/// Throws usage for more than num_train_timesteps.
void check_step_count(int64_t steps, const SchedulerConfig& config);
/// Throws usage for timesteps that are not below num_train_timesteps, or not
/// whole where they must be.
void check_timesteps(const std::vector<double>& timesteps,
                     const SchedulerConfig& config,
                     bool must_be_whole);
/// Throws usage for a list of sigmas, where the class takes none.
void refuse_sigmas(const SamplerOptions& options, const char* class_name);

/// values at fractional places, linear between whole ones; the ends go on.
std::vector<double> interpolate(const std::vector<double>& places,
                                const std::vector<double>& values);

/// The fractional timestep at which training has that noise level.
double timestep_of_sigma(double sigma, const std::vector<double>& train_sigmas);

/// Noise levels from the first to the last of `range` (or "sigma_max" and
/// "sigma_min" of the config): Karras and others, arXiv 2206.00364, equation 5
/// with rho 7; and evenly in the logarithm.
std::vector<double> karras_sigmas(const SchedulerConfig& config,
                                  const std::vector<double>& range,
                                  int64_t steps);
std::vector<double> exponential_sigmas(const SchedulerConfig& config,
                                       const std::vector<double>& range,
                                       int64_t steps);

/// Which of use_karras_sigmas, use_exponential_sigmas is set; refuses
/// use_beta_sigmas, and more than one.
enum class SigmaRange { none, karras, exponential };
SigmaRange read_sigma_range(const SchedulerConfig& config);

/// "final_sigmas_type": 0, or the noise level of the first timestep.
double read_final_sigma(const SchedulerConfig& config,
                        const std::vector<double>& train_sigmas);

}  // namespace lineas
