// What a UNet makes of the numbers of a call: the embedding of its timestep,
// and with text_time (SDXL) of the pooled prompt and of sizes and crop.
#pragma once

#include <optional>

#include "lineas/diffusion/unet_config.h"
#include "lineas/nn/layers.h"
#include "lineas/nn/picture_layers.h"

namespace lineas {

/// post_act(linear_2(act(linear_1(x)))).
class TimestepEmbedding {
 public:
  TimestepEmbedding(const WeightScope& scope,
                    int64_t in,
                    int64_t out,
                    Activation activation,
                    std::optional<Activation> post_activation = std::nullopt);
  Tensor operator()(const Tensor& x_BD, Pass& pass) const;

 private:
  SiteIndex site_;
  Linear linear_1_;
  ActivationLayer act_;
  Linear linear_2_;
  std::optional<ActivationLayer> post_act_;
};

/// Numbers of a call as a UNet takes them.
struct UnetNumbers {
  Tensor time_B;       // any dtype, whole or not
  Tensor pooled_BD;    // undefined without text_time
  Tensor time_ids_BN;  // likewise
};

class UnetConditioning {
 public:
  /// `where`: config.json, for messages.
  UnetConditioning(const WeightScope& scope,
                   const UnetConfig& config,
                   const std::string& where);
  /// time_BE in `dtype`. Throws usage where pooled prompts and time ids are
  /// missing or not asked for, shape where they are not as wide as the config
  /// says.
  Tensor operator()(const UnetNumbers& numbers,
                    at::ScalarType dtype,
                    Pass& pass) const;

 private:
  struct TextTime {
    SiteIndex proj_site;
    TimestepEmbedding embedding;
  };
  Tensor sinusoids(const Tensor& numbers, int64_t width) const;
  Tensor text_time(const UnetNumbers& numbers,
                   at::ScalarType dtype,
                   Pass& pass) const;

  UnetConfig config_;
  SiteIndex time_proj_site_;
  TimestepEmbedding time_embedding_;
  std::optional<TextTime> text_time_;
  std::optional<ActivationLayer> time_embed_act_;
};

}  // namespace lineas
