// A whole text-to-image model: the networks of a diffusers folder, its
// scheduler's config and what it is called. Latents become pictures here; how
// they come about is the business of picture_drive.
#pragma once

#include <optional>

#include "lineas/pipelines/denoiser.h"
#include "lineas/schedulers/scheduler.h"

namespace lineas {

struct PictureModelOptions {
  /// Nothing: that of the stored weights of the network that denoises.
  std::optional<at::ScalarType> dtype = std::nullopt;
  at::Device device = at::kCPU;
  /// See fast_dtype.
  bool spare_slow_dtypes = false;
  /// See FolderOptions.
  std::map<std::string, std::string> replaced = {};
};

class PictureModel {
 public:
  /// Throws as open_pipeline_folder does, and what the networks throw.
  explicit PictureModel(const std::string& folder,
                        const PictureModelOptions& options = {});

  const PipelineNetworks& networks() const { return *networks_; }
  const PipelineIndex& index() const { return folder_.index; }
  const SiteTable& sites() const { return networks_->sites; }
  at::Device device() const { return networks_->placement.device; }
  at::ScalarType dtype() const { return networks_->placement.dtype; }
  bool is_flux() const { return networks_->transformer != nullptr; }
  /// Of the network that denoises.
  std::string fingerprint() const;

  /// The folder's scheduler, as far as `options` do not say otherwise: with
  /// neither steps nor timesteps, as many steps as suit the pipeline. FLUX's
  /// gets the sigmas that its pipeline gives it.
  std::unique_ptr<const Scheduler> make_scheduler(
      SamplerOptions options, const LatentShape& shape) const;

  /// What the sampler ended with -> pictures [B, 3, H, W] in [0, 1], float32,
  /// each decoded by itself so that memory does not grow with B.
  Tensor decode(const Tensor& latents, const LatentShape& shape) const;

 private:
  const Component& denoiser() const;

  PipelineFolder folder_;
  std::unique_ptr<PipelineNetworks> networks_;
};

}  // namespace lineas
