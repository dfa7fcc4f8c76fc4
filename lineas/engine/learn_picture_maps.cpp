#include "lineas/engine/learn_picture_maps.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/memory.h"
#include "lineas/engine/picture_memory.h"
#include "lineas/engine/prompt_sides.h"
#include "lineas/learn/methods.h"

namespace lineas {
namespace {

constexpr const char* kUnetSites = "unet.*norm.*";
constexpr const char* kFluxSites =
    R"(transformer\.(single_)?transformer_blocks\.\d+)";

// Source rows, then target rows.
PictureRows rows_of(const PictureLearnRequest& request,
                    const std::vector<std::string>& source,
                    const std::vector<std::string>& target) {
  PictureRows rows{.prompts = source, .noise = request.noise};
  const auto sources = std::ssize(source);
  const auto targets = std::ssize(target);
  for (int64_t i = 0; i < sources; ++i) rows.rows.push_back({i, i});
  const int64_t first = request.shares_noise ? 0 : sources;
  for (int64_t i = 0; i < targets; ++i) {
    rows.prompts.push_back(target[static_cast<size_t>(i)]);
    rows.rows.push_back({sources + i, first + i});
  }
  const int64_t noises = std::max(sources, first + targets);
  for (int64_t i = 0; i < noises; ++i)
    rows.seeds.push_back(request.seed + static_cast<uint64_t>(i));
  if (rows.noise.one_generator) rows.seeds.resize(1);
  rows.latents = request.latents;
  return rows;
}

// Whether prompts must be encoded anew in every run.
bool touches_text(const SiteTable& sites, const LearnOptions& options) {
  for (const std::string& pattern : {options.sites, options.match}) {
    if (pattern.empty()) continue;
    for (const SiteIndex site : sites.match(pattern))
      if (sites[site].name.starts_with("text_encoder")) return true;
  }
  return false;
}

// Leaves some of what there is to others.
constexpr double kShareOfMemory = 0.8;

// As many as the method takes at once.
int64_t rows_at_once(const PictureLearnRequest& request, size_t source) {
  const int64_t micro_batch = request.options.value("micro-batch", int64_t{0});
  const auto all = static_cast<int64_t>(source);
  return micro_batch > 0 ? std::min(all, micro_batch) : all;
}

// Says what it will take, and decides where that was left open.
bool plan_memory(const PictureModel& model,
                 const PictureLearnRequest& request,
                 const LearnOptions& options,
                 size_t source) {
  if (request.method != "lineas") return false;
  const PictureMemory memory = measure_memory(
      model,
      {.settings = request.settings,
       .calls = request.denoise_steps,
       .sites = options.sites,
       .match = options.match.empty() ? options.sites : options.match,
       .rows = rows_at_once(request, source),
       .encodes_in_run = touches_text(model.sites(), options)});
  const PictureSize size =
      make_denoiser(model.networks(), {request.settings.size})->size();
  const int64_t available = model.device().is_cpu() ? available_bytes() : 0;
  const double share = kShareOfMemory * static_cast<double>(available);
  const bool recomputes = request.recomputes.value_or(
      available > 0 && memory.needs(size, false) > share);
  log_info("{}", describe_memory(memory, size, recomputes, available));
  return recomputes;
}

Json describe(const PictureLearnRequest& request, const PictureDrive& drive) {
  const PictureSize& size = drive.denoiser().size();
  return {{"width", size.width},
          {"height", size.height},
          {"denoise_steps", drive.steps()},
          {"timesteps", drive.scheduler().timesteps()},
          {"cfg_scale", request.settings.cfg_scale},
          {"negative", request.settings.negative.value_or("")},
          {"noise",
           request.latents.defined() ? "given"
           : request.shares_noise    ? "shared"
                                     : "own"},
          {"noise_seed", request.seed}};
}

}  // namespace

std::string default_picture_sites(const PictureModel& model) {
  return model.is_flux() ? kFluxSites : kUnetSites;
}

MapSet learn_maps(const PictureEngine& engine,
                  const PictureLearnRequest& request,
                  Progress& progress) {
  make_learner(request.method, request.options);  // errors before any work
  const PictureModel& model = engine.model();
  LearnOptions options = request;
  if (request.sites.empty())
    options.sites = said(default_picture_sites(model), model.sites());
  const PromptSet source = taken(request.source, request.take);
  const PromptSet target = taken(request.target, request.take);
  if (request.denoise_steps < 1)
    fail(ErrorKind::usage,
         "--denoise-steps {}: must be 1 or more",
         request.denoise_steps);
  const bool recomputes = plan_memory(model, request, options, source.size());
  PictureDrive drive(
      model,
      request.settings,
      rows_of(request, picture_texts(source), picture_texts(target)),
      {.calls = request.denoise_steps,
       .cuts_calls = recomputes,
       .encodes_in_run = touches_text(model.sites(), options)});
  return learn(drive,
               {.source_rows = static_cast<int64_t>(source.size()),
                .device = model.device(),
                .by_segment = recomputes,
                .identity = {{"model", engine.identity()},
                             {"source", describe_prompts(source)},
                             {"target", describe_prompts(target)},
                             {"picture", describe(request, drive)}}},
               options,
               progress);
}

}  // namespace lineas
