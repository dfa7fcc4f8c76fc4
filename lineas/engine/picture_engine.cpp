#include "lineas/engine/picture_engine.h"

#include "lineas/base/error.h"
#include "lineas/engine/find_model.h"

namespace lineas {
namespace {

std::string find_pipeline(const std::string& model) {
  std::string folder = find_model(model);
  if (!is_pipeline_folder(folder))
    fail(ErrorKind::usage,
         "{}: makes no pictures: that takes a folder with a model_index.json, "
         "as diffusers writes it",
         folder);
  return folder;
}

}  // namespace

bool is_picture_model(const std::string& model) {
  return is_pipeline_folder(find_model(model));
}

const std::vector<std::string>& picture_texts(const PromptSet& prompts) {
  if (prompts.has_ids())
    fail(ErrorKind::usage,
         "{}: a picture model takes texts, not token ids",
         prompts.path);
  return prompts.texts;
}

PictureEngine::PictureEngine(const std::string& model,
                             const PictureEngineOptions& options)
    : folder_(find_pipeline(model)),
      model_(std::make_unique<PictureModel>(
          folder_,
          PictureModelOptions{.dtype = parse_dtype(options.dtype),
                              .device = parse_device(options.device),
                              .spare_slow_dtypes = true,
                              .replaced = options.replaced})) {}

std::string PictureEngine::id() const {
  return model_id(folder_);
}

Json PictureEngine::identity() const {
  return {{"id", id()},
          {"architecture", model_->index().class_name},
          {"fingerprint", model_->fingerprint()}};
}

PictureEngine::Plan PictureEngine::plan(const PictureSettings& settings) const {
  const auto denoiser =
      make_denoiser(model_->networks(), {settings.size, settings.guidance});
  const auto scheduler =
      model_->make_scheduler(settings.sampler, denoiser->shape());
  return {.steps = static_cast<int>(scheduler->calls()),
          .size = denoiser->size(),
          .timesteps = scheduler->timesteps(),
          .scheduler = settings.sampler.scheduler.value_or(
              model_->index().classes.at("scheduler"))};
}

Steering PictureEngine::load_steering(const SteerRequest& request,
                                      int steps) const {
  return lineas::load_steering(request,
                               {.sites = model_->sites(),
                                .steps = steps,
                                .name = folder_,
                                .fingerprint = model_->fingerprint(),
                                .is_denoised = true});
}

}  // namespace lineas
