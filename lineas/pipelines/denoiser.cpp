// Source: diffusers pipelines/stable_diffusion_xl/pipeline_stable_diffusion_xl
// and pipelines/flux/pipeline_flux.py, __call__.
#include "lineas/pipelines/denoiser.h"

#include "lineas/base/error.h"

namespace lineas {
namespace {

constexpr int64_t kPatch = 2;            // latents a token of FLUX, each way
constexpr int64_t kFluxLatents = 128;    // its pictures are 1024 pixels wide
constexpr int64_t kLargestSize = 16384;  // pixels

int64_t nearest_multiple(int64_t value, int64_t factor) {
  return std::max(factor, (value + factor / 2) / factor * factor);
}

// What is left open is what the network was trained on.
PictureSize choose_size(const PictureSize& asked,
                        const PictureSize& trained,
                        int64_t factor) {
  const PictureSize size{asked.height == 0 ? trained.height : asked.height,
                         asked.width == 0 ? trained.width : asked.width};
  if (size.height == 0 || size.width == 0)
    fail(ErrorKind::usage,
         "the model does not say for which size it was made; give -W and -H");
  for (const int64_t side : {size.height, size.width})
    if (side < factor || side > kLargestSize || side % factor != 0)
      fail(ErrorKind::usage,
           "pictures of {} x {}: each side must be a multiple of {} (and at "
           "most {}), {} x {} say",
           size.width,
           size.height,
           factor,
           kLargestSize,
           nearest_multiple(std::min(size.width, kLargestSize), factor),
           nearest_multiple(std::min(size.height, kLargestSize), factor));
  return size;
}

Tensor time_of(double timestep, const Tensor& like, at::ScalarType dtype) {
  return at::full({like.size(0)}, timestep, like.options().dtype(dtype));
}

class UnetDenoiser : public Denoiser {
 public:
  UnetDenoiser(const Unet& unet,
               const PictureSize& size,
               const LatentShape& shape)
      : Denoiser(size, shape), unet_(unet) {}

  int64_t stages() const override { return unet_.stages(); }

  State begin(const Tensor& latents,
              double timestep,
              const PromptEmbeddings& prompts,
              Pass& pass) const override {
    UnetInput input{.latents_BCHW = latents,
                    .time_B = time_of(timestep, latents, at::kFloat),
                    .text_BLD = prompts.text_BLD};
    if (unet_.config().has_text_time()) {
      input.pooled_BD = prompts.pooled_BD;
      input.time_ids_BN = time_ids(latents);
    }
    return listed(unet_.begin(input, pass));
  }

  void advance(State& state,
               int64_t stage,
               const PromptEmbeddings& prompts,
               Pass& pass) const override {
    UnetState named = take(std::move(state));
    unet_.advance(named, stage, prompts.text_BLD, pass);
    state = listed(std::move(named));
  }

  Tensor finish(State state, Pass& pass) const override {
    return unet_.finish(take(std::move(state)), pass);
  }

  std::string output_site() const override { return "unet.conv_out"; }

 private:
  static State listed(UnetState state) {
    State all{std::move(state.time_BE), std::move(state.x_BCHW)};
    for (Tensor& skip : state.skips) all.push_back(std::move(skip));
    return all;
  }
  static UnetState take(State all) {
    UnetState state{.time_BE = std::move(all[0]), .x_BCHW = std::move(all[1])};
    state.skips.assign(std::make_move_iterator(all.begin() + 2),
                       std::make_move_iterator(all.end()));
    return state;
  }

  // Original size, crop and target size, as if nothing had been cut.
  Tensor time_ids(const Tensor& latents) const {
    const std::vector<double> numbers{static_cast<double>(size_.height),
                                      static_cast<double>(size_.width),
                                      0,
                                      0,
                                      static_cast<double>(size_.height),
                                      static_cast<double>(size_.width)};
    return at::tensor(numbers, at::kDouble)
        .to(latents.device(), latents.scalar_type())
        .expand({latents.size(0), -1});
  }

  const Unet& unet_;
};

class FluxDenoiser : public Denoiser {
 public:
  FluxDenoiser(const FluxTransformer& transformer,
               const PictureSize& size,
               const LatentShape& shape,
               double guidance)
      : Denoiser(size, shape), transformer_(transformer), guidance_(guidance) {}

  int64_t stages() const override { return transformer_.stages(); }

  State begin(const Tensor& latents,
              double timestep,
              const PromptEmbeddings& prompts,
              Pass& pass) const override {
    FluxInput input{.latents_BTC = latents,
                    .text_BLD = prompts.text_BLD,
                    .pooled_BD = prompts.pooled_BD};
    // Rounded to the model's dtype before it is divided, as published.
    input.time_B = time_of(timestep, latents, latents.scalar_type()) / 1000;
    if (transformer_.config().has_guidance)
      input.guidance_B = time_of(guidance_, latents, at::kFloat);
    input.text_ids_L3 =
        at::zeros({prompts.text_BLD.size(1), 3}, latents.options());
    input.image_ids_T3 = image_ids().to(latents.device());
    return listed(transformer_.begin(input, pass));
  }

  void advance(State& state,
               int64_t stage,
               const PromptEmbeddings& /*in the streams already*/,
               Pass& pass) const override {
    FluxState named = take(std::move(state));
    transformer_.advance(named, stage, pass);
    state = listed(std::move(named));
  }

  Tensor finish(State state, Pass& pass) const override {
    return transformer_.finish(take(std::move(state)), pass);
  }

  std::string output_site() const override { return "transformer.proj_out"; }

 private:
  static State listed(FluxState state) {
    return {std::move(state.streams.text_BTD),
            std::move(state.streams.image_BTD),
            std::move(state.call.condition_BD),
            std::move(state.call.angles.cos_BTd),
            std::move(state.call.angles.sin_BTd)};
  }
  static FluxState take(State all) {
    return {
        .streams = {std::move(all[0]), std::move(all[1])},
        .call = {std::move(all[2]), {std::move(all[3]), std::move(all[4])}}};
  }

  // 0, y, x of every token.
  Tensor image_ids() const {
    const int64_t height = shape_.height / kPatch,
                  width = shape_.width / kPatch;
    const Tensor y =
        at::arange(height, at::kFloat).view({-1, 1}).expand({-1, width});
    const Tensor x =
        at::arange(width, at::kFloat).view({1, -1}).expand({height, -1});
    return at::stack({at::zeros_like(x), y, x}, -1).view({-1, 3});
  }

  const FluxTransformer& transformer_;
  double guidance_;
};

}  // namespace

Tensor pack_latents(const Tensor& x_BCHW) {
  const int64_t height = x_BCHW.size(2) / kPatch;
  const int64_t width = x_BCHW.size(3) / kPatch;
  return x_BCHW.view({x_BCHW.size(0), -1, height, kPatch, width, kPatch})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({x_BCHW.size(0), height * width, -1});
}

Tensor unpack_latents(const Tensor& x_BTC, const LatentShape& shape) {
  return x_BTC
      .view({x_BTC.size(0),
             shape.height / kPatch,
             shape.width / kPatch,
             -1,
             kPatch,
             kPatch})
      .permute({0, 3, 1, 4, 2, 5})
      .reshape({x_BTC.size(0), -1, shape.height, shape.width});
}

std::unique_ptr<Denoiser> make_denoiser(const PipelineNetworks& networks,
                                        const DenoiserOptions& options) {
  const int64_t downscale = networks.vae->info().downscale;
  if (networks.unet) {
    const UnetConfig& config = networks.unet->config();
    const PictureSize size = choose_size(
        options.size,
        {config.sample_height * downscale, config.sample_width * downscale},
        downscale);
    return std::make_unique<UnetDenoiser>(*networks.unet,
                                          size,
                                          LatentShape{config.in_channels,
                                                      size.height / downscale,
                                                      size.width / downscale});
  }
  const int64_t side = kFluxLatents * downscale;
  const PictureSize size =
      choose_size(options.size, {side, side}, downscale * kPatch);
  const int64_t channels =
      networks.transformer->config().in_channels / (kPatch * kPatch);
  return std::make_unique<FluxDenoiser>(
      *networks.transformer,
      size,
      LatentShape{
          channels, size.height / downscale, size.width / downscale, true},
      options.guidance);
}

}  // namespace lineas
