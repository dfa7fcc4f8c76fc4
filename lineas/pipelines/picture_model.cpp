#include "lineas/pipelines/picture_model.h"

#include "lineas/base/error.h"
#include "lineas/tensor/fast_dtype.h"

namespace lineas {
namespace {

// What diffusers' pipelines take where nobody says.
constexpr int64_t kDefaultSteps = 50;
constexpr int64_t kDefaultFluxSteps = 28;

const Component& denoiser_of(const PipelineFolder& folder) {
  return folder.at(folder.has("unet") ? "unet" : "transformer");
}

PipelineFolder open_folder(const std::string& path,
                           const PictureModelOptions& options) {
  FolderOptions folder{.replaced = options.replaced};
  if (options.dtype == at::kHalf) folder.dtype = "float16";
  if (options.dtype == at::kBFloat16) folder.dtype = "bfloat16";
  return open_pipeline_folder(path, folder);
}

Placement place(const PipelineFolder& folder,
                const PictureModelOptions& options) {
  if (options.dtype) return {options.device, *options.dtype};
  const at::ScalarType own =
      Checkpoint::of_file(denoiser_of(folder).weights).dtype();
  return {options.device,
          options.spare_slow_dtypes
              ? fast_dtype(own, options.device, folder.path)
              : own};
}

}  // namespace

PictureModel::PictureModel(const std::string& folder,
                           const PictureModelOptions& options)
    : folder_(open_folder(folder, options)),
      networks_(load_pipeline_networks(folder_, place(folder_, options))) {}

const Component& PictureModel::denoiser() const {
  return denoiser_of(folder_);
}

std::string PictureModel::fingerprint() const {
  return Checkpoint::of_file(denoiser().weights).fingerprint();
}

std::unique_ptr<const Scheduler> PictureModel::make_scheduler(
    SamplerOptions options, const LatentShape& shape) const {
  if (options.timesteps.empty() && options.sigmas.empty() && !options.steps)
    options.steps = is_flux() ? kDefaultFluxSteps : kDefaultSteps;
  if (is_flux()) {
    options.image_tokens = shape.tokens();
    if (options.steps) {
      if (*options.steps < 1)
        fail(ErrorKind::usage,
             "--steps {}: a picture takes 1 step or more",
             *options.steps);
      options.sigmas = flow_pipeline_sigmas(*options.steps);
      options.steps.reset();
    }
  }
  const Component& scheduler = folder_.at("scheduler");
  if (!options.scheduler) options.scheduler = scheduler.class_name;
  return lineas::make_scheduler(
      scheduler.config, options, scheduler.config_path);
}

Tensor PictureModel::decode(const Tensor& latents,
                            const LatentShape& shape) const {
  const at::NoGradGuard no_grad;
  const Tensor x_BCHW =
      shape.is_packed ? unpack_latents(latents, shape) : latents;
  std::vector<Tensor> pictures;
  for (int64_t i = 0; i < x_BCHW.size(0); ++i) {
    const Tensor z =
        unscale_latents(x_BCHW.narrow(0, i, 1), networks_->vae->info())
            .to(networks_->vae_placement.dtype);
    Pass pass(
        {.rows = {{.row = i, .begin = 0, .end = 1}}, .axis = Axis::entries});
    pictures.push_back(to_picture(networks_->vae->decode(z, pass)));
  }
  return at::cat(pictures);
}

}  // namespace lineas
