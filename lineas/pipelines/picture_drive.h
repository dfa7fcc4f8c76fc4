// The drive of picture models: rows on their way from noise to latents, one
// segment a call of the denoiser, or one a layer of it. Making pictures,
// learning and recording all go this way; they differ in the tap.
#pragma once

#include "lineas/pipelines/picture_model.h"
#include "lineas/schedulers/noise.h"
#include "lineas/tap/drive.h"

namespace lineas {

/// How pictures are made, the same for all rows.
struct PictureSettings {
  PictureSize size = {};  // 0: what the model was made for
  SamplerOptions sampler = {};
  PromptOptions prompt = {};
  /// Above 1 a second half is run, of the negative prompt, and this is how far
  /// the result is led away from it. 1 and below: one half.
  double cfg_scale = 0;
  double cfg_rescale = 0;  // guidance_rescale, 0 to 1
  double guidance = 3.5;   // FLUX dev's own
  /// Nothing: what the pipeline takes then (see encode_nothing).
  std::optional<std::string> negative = std::nullopt;
};

/// A row: a prompt and the noise it starts from, by number. Rows that share
/// both differ in nothing but the tap.
struct PictureRow {
  int64_t prompt = 0;
  int64_t noise = 0;
};

/// What is run.
struct PictureRows {
  std::vector<std::string> prompts;
  std::vector<PictureRow> rows;
  /// One seed a noise, or a single one for all where there is one generator;
  /// where `latents` are given, of the noise of the steps alone.
  std::vector<uint64_t> seeds;
  /// Standard normal start of every noise, [N, C, h, w] or FLUX's [N, T, 4 C];
  /// undefined: drawn.
  Tensor latents = {};
  NoiseOptions noise = {};
};

class PictureDrive : public Drive {
 public:
  struct Options {
    /// Most calls of the denoiser; 0: until the picture is done.
    int64_t calls = 0;
    /// A segment a layer: learning then holds the graph of one layer at a time.
    bool cuts_calls = false;
    /// Prompts are encoded anew within each run, so that taps see and steer the
    /// text encoders.
    bool encodes_in_run = false;
  };

  /// The model must outlive the drive. Throws usage and shape for what does not
  /// fit together, before anything is run.
  PictureDrive(const PictureModel& model,
               const PictureSettings& settings,
               PictureRows rows,
               const Options& options);

  Trajectory begin(std::span<const int64_t> rows) override;
  void advance(Trajectory& trajectory, Tap& tap) override;
  int64_t segments() const override { return calls_ * stages_; }
  int64_t steps() const override { return calls_; }
  const SiteTable& sites() const override { return model_.sites(); }
  int64_t row_count() const override { return std::ssize(rows_.rows); }
  std::optional<Outcome> outcome() const override;
  bool comes_by(const Place& place) const override;

  /// Where a trajectory stands: [B, C, h, w], or packed for FLUX.
  const Tensor& latents(const Trajectory& trajectory) const {
    return trajectory.carried.front();
  }
  const Denoiser& denoiser() const { return *denoiser_; }
  const Scheduler& scheduler() const { return *scheduler_; }
  bool is_guided() const { return settings_.cfg_scale > 1; }

 private:
  void check_rows() const;
  void take_latents();
  std::vector<int64_t> noises(std::span<const int64_t> rows) const;
  Tensor place(const Tensor& noise_BCHW) const;
  Tensor start_of(std::span<const int64_t> rows);
  Tensor step_noise(std::span<const int64_t> rows, int64_t step);
  std::vector<RowView> views(std::span<const int64_t> rows, Half half) const;
  Tensor with_halves_beside(const Tensor& x) const;
  Tensor with_halves_behind(const Tensor& x) const;
  struct Standing;
  Standing take(const Trajectory& trajectory, Tap& tap) const;
  std::vector<Tensor> listed(Standing standing) const;
  int64_t step_of(const Trajectory& trajectory) const {
    return trajectory.segment / stages_;
  }
  /// The negative half first, where there is one.
  PromptEmbeddings embed_rows(std::span<const int64_t> rows, Tap& tap) const;
  PassContext context_of(const Trajectory& trajectory) const;
  void begin_call(const Trajectory& trajectory,
                  Standing& standing,
                  Pass& pass) const;
  void finish_call(const Trajectory& trajectory,
                   Standing& standing,
                   Pass& pass);
  Tensor guide(const Tensor& both) const;

  const PictureModel& model_;
  PictureSettings settings_;
  PictureRows rows_;
  Options options_;
  std::unique_ptr<Denoiser> denoiser_;
  std::unique_ptr<const Scheduler> scheduler_;
  std::unique_ptr<PromptEncoder> encoder_;
  PictureNoise noise_;
  int64_t calls_ = 0;
  int64_t stages_ = 1;                     // segments of a call
  PromptTokens tokens_, negative_tokens_;  // encoded in runs
  PromptEmbeddings prompts_, negative_;    // encoded once
};

}  // namespace lineas
