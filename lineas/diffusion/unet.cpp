// Source: diffusers models/unets/unet_2d_condition.py; Rombach et al. 2022,
// Podell et al. 2023.
#include "lineas/diffusion/unet.h"

#include "lineas/base/error.h"
#include "lineas/diffusion/unet_embeddings.h"
#include "lineas/models/quantised.h"

namespace lineas {
namespace {

std::vector<UnetDownBlock> make_down_blocks(const WeightScope& scope,
                                            const UnetConfig& config,
                                            Activation activation) {
  std::vector<UnetDownBlock> blocks;
  for (size_t i = 0; i < config.levels.size(); ++i)
    blocks.emplace_back(scope / static_cast<int64_t>(i), config, i, activation);
  return blocks;
}

// up_blocks.0 is the coarsest level.
std::vector<UnetUpBlock> make_up_blocks(const WeightScope& scope,
                                        const UnetConfig& config,
                                        Activation activation) {
  std::vector<UnetUpBlock> blocks;
  const size_t count = config.levels.size();
  for (size_t i = 0; i < count; ++i)
    blocks.emplace_back(
        scope / static_cast<int64_t>(i), config, count - 1 - i, activation);
  return blocks;
}

Conv2dConfig outer_conv(int64_t in, int64_t out, int64_t kernel) {
  return {.in = in, .out = out, .kernel = kernel, .padding = (kernel - 1) / 2};
}

class Network : public Unet {
 public:
  Network(const WeightScope& root,
          const UnetConfig& config,
          Activation activation,
          const std::string& where)
      : Unet(config),
        activation_(activation),
        conv_in_(root / "conv_in",
                 outer_conv(config.in_channels,
                            config.levels[0].channels,
                            config.in_kernel)),
        conditioning_(root, config, where),
        down_blocks_(
            make_down_blocks(root / "down_blocks", config, activation)),
        up_blocks_(make_up_blocks(root / "up_blocks", config, activation)),
        mid_block_(
            config.mid == UnetMid::none
                ? std::nullopt
                : std::optional<UnetMidBlock>(
                      std::in_place, root / "mid_block", config, activation)),
        conv_norm_out_(root / "conv_norm_out",
                       config.levels[0].channels,
                       config.groups,
                       config.eps),
        conv_act_(root / "conv_act",
                  config.levels[0].channels,
                  activation,
                  Layout::channels_first),
        conv_out_(root / "conv_out",
                  outer_conv(config.levels[0].channels,
                             config.out_channels,
                             config.out_kernel)),
        stages_(list_stages()) {}

  int64_t stages() const override { return std::ssize(stages_); }

  UnetState begin(const UnetInput& input, Pass& pass) const override {
    check(input);
    UnetState state{.time_BE = time_of(input, pass),
                    .x_BCHW = input.latents_BCHW};
    if (config_.centers_input) state.x_BCHW = state.x_BCHW * 2 - 1;
    state.x_BCHW = conv_in_(state.x_BCHW, pass);
    state.skips = {state.x_BCHW};
    return state;
  }

  void advance(UnetState& state,
               int64_t stage,
               const Tensor& text_BLD,
               Pass& pass) const override {
    const Stage& now = stages_[static_cast<size_t>(stage)];
    switch (now.part) {
      case Part::down:
        return down_blocks_[now.block](now.layer, state, text_BLD, pass);
      case Part::mid:
        return (*mid_block_)(state, text_BLD, pass);
      case Part::up:
        return up_blocks_[now.block](now.layer, state, text_BLD, pass);
    }
  }

  Tensor finish(const UnetState& state, Pass& pass) const override {
    return conv_out_(conv_act_(conv_norm_out_(state.x_BCHW, pass), pass), pass);
  }

 private:
  // Behind the activation function that every resnet would apply to it by
  // itself: that module is no site.
  Tensor time_of(const UnetInput& input, Pass& pass) const {
    const int64_t rows = input.latents_BCHW.size(0);
    const Tensor time_BE = conditioning_({input.time_B.flatten().expand({rows}),
                                          input.pooled_BD,
                                          input.time_ids_BN},
                                         input.latents_BCHW.scalar_type(),
                                         pass);
    return activate(time_BE, activation_);
  }

  enum class Part { down, mid, up };
  struct Stage {
    Part part;
    size_t block = 0, layer = 0;
  };

  std::vector<Stage> list_stages() const {
    std::vector<Stage> stages;
    const auto add = [&stages](Part part, const auto& blocks) {
      for (size_t block = 0; block < blocks.size(); ++block)
        for (size_t layer = 0; layer < blocks[block].layers(); ++layer)
          stages.push_back({part, block, layer});
    };
    add(Part::down, down_blocks_);
    if (mid_block_) stages.push_back({Part::mid});
    add(Part::up, up_blocks_);
    return stages;
  }

  void check(const UnetInput& input) const {
    const Tensor& x = input.latents_BCHW;
    if (x.dim() != 4 || x.size(1) != config_.in_channels)
      fail(ErrorKind::shape,
           "latents have shape {}, this UNet takes [rows, {}, height, width]",
           to_string(x.sizes()),
           config_.in_channels);
    if (input.time_B.numel() != 1 && input.time_B.numel() != x.size(0))
      fail(ErrorKind::shape,
           "there are {} timesteps for {} rows",
           input.time_B.numel(),
           x.size(0));
    check_text(input.text_BLD, x.size(0));
  }

  void check_text(const Tensor& text, int64_t rows) const {
    for (const UnetLevel& level : config_.levels) {
      const bool is_of_mid = &level == &config_.levels.back() &&
                             config_.mid == UnetMid::cross_attention;
      if (!level.attends_down && !level.attends_up && !is_of_mid) continue;
      if (text.defined() && text.dim() == 3 && text.size(0) == rows &&
          text.size(2) == level.text_width)
        continue;
      fail(ErrorKind::shape,
           "prompt embeddings have shape {}, this UNet takes [{}, tokens, {}] "
           "(\"cross_attention_dim\")",
           text.defined() ? to_string(text.sizes()) : "none",
           rows,
           level.text_width);
    }
  }

  Activation activation_;
  Conv2d conv_in_;
  UnetConditioning conditioning_;
  std::vector<UnetDownBlock> down_blocks_;
  std::vector<UnetUpBlock> up_blocks_;
  std::optional<UnetMidBlock> mid_block_;
  GroupNorm conv_norm_out_;
  ActivationLayer conv_act_;
  Conv2d conv_out_;
  std::vector<Stage> stages_;
};

}  // namespace

Tensor Unet::operator()(const UnetInput& input, Pass& pass) const {
  UnetState state = begin(input, pass);
  for (int64_t stage = 0; stage < stages(); ++stage)
    advance(state, stage, input.text_BLD, pass);
  return finish(state, pass);
}

std::unique_ptr<Unet> make_unet(ModelFiles& files) {
  refuse_quantised(files.config, files.where);
  const UnetConfig config = read_unet_config(files.config, files.where);
  const Activation activation = parse_activation(
      config.activation, fmt::format("{}: \"act_fn\"", files.where));
  return std::make_unique<Network>(
      WeightScope(files.source), config, activation, files.where);
}

}  // namespace lineas
