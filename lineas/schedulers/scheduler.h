// The samplers of picture models: at which timesteps the denoiser is called,
// and what becomes of the latents after each call. Numbers are those of
// diffusers 0.35 (schedulers/scheduling_*.py). Knows no network, and draws no
// noise (noise.h does).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/tensor/tensor.h"

namespace lineas {

/// What flows from one step to the next: the latents [B, ...], then whatever
/// the scheduler remembers of earlier steps, [B, ...] each. It fits
/// Trajectory::carried (lineas/tap/drive.h).
using Carried = std::vector<Tensor>;

/// A schedule, worked out once, and the arithmetic of its steps. All its
/// functions are const and depend on their arguments alone, so that a step can
/// be run again; all are differentiable in the tensors.
class Scheduler {
 public:
  virtual ~Scheduler() = default;

  /// One a call of the denoiser, in order. PNDM makes one more than the number
  /// of steps asked for.
  const std::vector<double>& timesteps() const { return timesteps_; }
  int64_t calls() const { return std::ssize(timesteps_); }
  /// Noise levels, one more than calls; empty for schedulers that have none.
  const std::vector<double>& sigmas() const { return sigmas_; }
  /// The start is standard normal noise times this.
  double init_noise_sigma() const { return init_noise_sigma_; }

  /// What the denoiser is given in the place of the latents `x`.
  virtual Tensor scale_input(const Tensor& x, int64_t step) const { return x; }
  virtual bool needs_noise(int64_t step) const { return false; }
  /// How many steps before this one need noise: the number of its draw.
  int64_t noises_before(int64_t step) const;
  /// How many tensors beside the latents stand before a step.
  virtual int64_t remembered(int64_t step) const { return 0; }

  /// The state after `step` (0 .. calls() - 1), from the denoiser's output for
  /// it (guidance already applied) and the state before it; at first that is
  /// the latents alone. `noise` is standard normal, given where and only where
  /// it is needed. Computes in float32, or float64 where the latents are that;
  /// the latents keep their dtype. Throws shape for tensors that do not fit.
  Carried step(const Tensor& output,
               int64_t step,
               const Carried& carried,
               const Tensor& noise = {}) const;

 protected:
  /// The same, in the dtype that is computed in and after all checks.
  virtual Carried advance(const Tensor& output,
                          int64_t step,
                          const Carried& carried,
                          const Tensor& noise) const = 0;
  std::vector<double> timesteps_;
  std::vector<double> sigmas_;
  double init_noise_sigma_ = 1;
};

/// What a caller wants of a schedule. Exactly one of steps, timesteps and
/// sigmas is given (flow-match takes timesteps beside sigmas).
struct SamplerOptions {
  /// A class or a short name; without it the config's "_class_name".
  std::optional<std::string> scheduler = {};
  std::optional<int64_t> steps = {};
  /// Descending. Euler, LCM, DPM++ and flow-match take them.
  std::vector<double> timesteps = {};
  /// Descending. Euler: the last is where sampling ends (0), so one more than
  /// there are steps. Flow-match: before any shift, 0 is appended.
  std::vector<double> sigmas = {};
  /// These take the place of "timestep_spacing" and "prediction_type".
  std::optional<std::string> spacing = {};
  std::optional<std::string> prediction = {};
  /// DDIM's share of noise, 0 to 1.
  double eta = 0;
  /// Tokens of the packed picture, where the config asks for dynamic shifting.
  std::optional<int64_t> image_tokens = {};
};

struct SchedulerClass {
  std::string name;        // "euler"
  std::string class_name;  // "EulerDiscreteScheduler"
  std::string short_name;  // what a person types
  const char* defaults;    // what the class takes for keys left out, JSON
};

/// All of schedulers.def.
const std::vector<SchedulerClass>& scheduler_classes();

/// The scheduler of a scheduler_config.json, completed with the defaults of its
/// class; where another class is asked for, the keys that this one knows are
/// obeyed, as by diffusers' from_config. Throws before anything runs: usage for
/// options that are out of range or not taken, format and unsupported for
/// values of the config, which are named.
std::unique_ptr<const Scheduler> make_scheduler(const Json& config,
                                                const SamplerOptions& options,
                                                const std::string& where);

/// Reads a scheduler_config.json as diffusers writes it: "lambda_min_clipped"
/// may be -Infinity, which is no JSON and becomes null.
Json read_scheduler_config(const std::string& path);
Json parse_scheduler_config(std::string text, const std::string& where);

/// What pipelines of flow-match models give as sigmas: 1 to 1/steps.
std::vector<double> flow_pipeline_sigmas(int64_t steps);

/// How far schedules of pictures of that many tokens are shifted: linear in
/// them, by base_shift, max_shift, base_image_seq_len and max_image_seq_len.
double flow_shift_mu(const Json& config,
                     int64_t image_tokens,
                     const std::string& where);

}  // namespace lineas
