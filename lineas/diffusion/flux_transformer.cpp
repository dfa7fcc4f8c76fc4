// Source: diffusers models/transformers/transformer_flux.py.
#include "lineas/diffusion/flux_transformer.h"

#include "lineas/base/error.h"
#include "lineas/models/quantised.h"

namespace lineas {
namespace {

template <typename Block>
std::vector<Block> make_blocks(const WeightScope& scope,
                               const FluxConfig& config,
                               int64_t count) {
  std::vector<Block> blocks;
  for (int64_t i = 0; i < count; ++i) blocks.emplace_back(scope / i, config);
  return blocks;
}

void check_ids(const Tensor& ids, const Tensor& tokens, const char* what) {
  const std::vector<int64_t> wanted = {tokens.size(1), 3};
  if (ids.sizes() == at::IntArrayRef(wanted)) return;
  fail(ErrorKind::shape,
       "the {} ids of FLUX have shape {}, its tokens need {}",
       what,
       to_string(ids.sizes()),
       to_string(wanted));
}

class Network : public FluxTransformer {
 public:
  Network(const WeightScope& root, const FluxConfig& config)
      : FluxTransformer(config),
        pos_embed_(root / "pos_embed", config),
        time_text_embed_(root / "time_text_embed", config),
        context_embedder_(
            root / "context_embedder", config.text_width, config.width(), true),
        x_embedder_(
            root / "x_embedder", config.in_channels, config.width(), true),
        double_blocks_(make_blocks<FluxDoubleBlock>(
            root / "transformer_blocks", config, config.double_blocks)),
        single_blocks_(make_blocks<FluxSingleBlock>(
            root / "single_transformer_blocks", config, config.single_blocks)),
        norm_out_(root / "norm_out", config.width()),
        proj_out_(root / "proj_out", config.width(), config.out_width, true) {}

  int64_t stages() const override {
    return std::ssize(double_blocks_) + std::ssize(single_blocks_);
  }

  FluxState begin(const FluxInput& input, Pass& pass) const override {
    check(input);
    FluxState state;
    state.streams.image_BTD = x_embedder_(input.latents_BTC, pass);
    state.call.condition_BD = condition(input, pass);
    state.streams.text_BTD = context_embedder_(input.text_BLD, pass);
    state.call.angles =
        pos_embed_(at::cat({input.text_ids_L3, input.image_ids_T3}),
                   input.latents_BTC.size(0),
                   pass);
    return state;
  }

  void advance(FluxState& state, int64_t stage, Pass& pass) const override {
    const int64_t doubles = std::ssize(double_blocks_);
    FluxStreams& x = state.streams;
    x = stage < doubles ? double_blocks_[stage](std::move(x), state.call, pass)
                        : single_blocks_[stage - doubles](x, state.call, pass);
  }

  Tensor finish(const FluxState& state, Pass& pass) const override {
    return proj_out_(
        norm_out_(state.streams.image_BTD, state.call.condition_BD, pass),
        pass);
  }

 private:
  void check(const FluxInput& input) const {
    if (input.guidance_B.defined() != config_.has_guidance)
      fail(ErrorKind::usage,
           "this FLUX has {} guidance embedding (\"guidance_embeds\"), so {}",
           config_.has_guidance ? "a" : "no",
           config_.has_guidance ? "guidance must be given"
                                : "no guidance can be given");
    check_ids(input.text_ids_L3, input.text_BLD, "text");
    check_ids(input.image_ids_T3, input.latents_BTC, "image");
  }

  Tensor condition(const FluxInput& input, Pass& pass) const {
    const at::ScalarType dtype = input.latents_BTC.scalar_type();
    const Tensor time_B = input.time_B.to(dtype) * 1000;
    const Tensor guidance_B =
        config_.has_guidance ? input.guidance_B.to(dtype) * 1000 : Tensor();
    return time_text_embed_(time_B, guidance_B, input.pooled_BD, pass);
  }

  FluxRope pos_embed_;
  FluxConditioning time_text_embed_;
  Linear context_embedder_, x_embedder_;
  std::vector<FluxDoubleBlock> double_blocks_;
  std::vector<FluxSingleBlock> single_blocks_;
  AdaNormContinuous norm_out_;
  Linear proj_out_;
};

}  // namespace

Tensor FluxTransformer::operator()(const FluxInput& input, Pass& pass) const {
  FluxState state = begin(input, pass);
  for (int64_t stage = 0; stage < stages(); ++stage)
    advance(state, stage, pass);
  return finish(state, pass);
}

std::unique_ptr<FluxTransformer> make_flux_transformer(ModelFiles& files) {
  refuse_quantised(files.config, files.where);
  const FluxConfig config = read_flux_config(files.config, files.where);
  return std::make_unique<Network>(WeightScope(files.source), config);
}

}  // namespace lineas
