// Source: diffusers models/transformers/transformer_flux.py.
#include "lineas/diffusion/flux_config.h"

#include <numeric>

#include "lineas/base/error.h"
#include "lineas/diffusion/config_fields.h"

namespace lineas {
namespace {

constexpr const char* kDefaults = R"({
  "patch_size": 1, "in_channels": 64, "out_channels": null, "num_layers": 19,
  "num_single_layers": 38, "attention_head_dim": 128,
  "num_attention_heads": 24, "joint_attention_dim": 4096,
  "pooled_projection_dim": 768, "guidance_embeds": false,
  "axes_dims_rope": [16, 56, 56]
})";

void check_axes(const FluxConfig& config, const std::string& where) {
  int64_t sum = 0;
  bool are_even = config.rope_axes.size() == 3;
  for (const int64_t axis : config.rope_axes) {
    are_even = are_even && axis % 2 == 0;
    sum += axis;
  }
  if (are_even && sum == config.head_width) return;
  fail(
      ErrorKind::format,
      "{}: \"axes_dims_rope\" is [{}], it must be three even numbers whose sum "
      "is \"attention_head_dim\" = {}",
      where,
      fmt::join(config.rope_axes, ", "),
      config.head_width);
}

}  // namespace

FluxConfig read_flux_config(const Json& config, const std::string& where) {
  const ConfigFields fields(config, kDefaults, where);
  fields.warn_of_unknown();
  FluxConfig read{
      .in_channels = fields.size("in_channels"),
      .double_blocks = fields.size("num_layers"),
      .single_blocks = fields.size("num_single_layers"),
      .heads = fields.size("num_attention_heads"),
      .head_width = fields.size("attention_head_dim"),
      .text_width = fields.size("joint_attention_dim"),
      .pooled_width = fields.size("pooled_projection_dim"),
      .has_guidance = fields.flag("guidance_embeds"),
      .rope_axes = fields.sizes("axes_dims_rope"),
  };
  const int64_t patch = fields.size("patch_size");
  const int64_t out = fields.is_null("out_channels")
                          ? read.in_channels
                          : fields.size("out_channels");
  constexpr int64_t kLargestPatch = 64;
  if (patch > kLargestPatch)
    fail(ErrorKind::format,
         "{}: \"patch_size\" is {}, more than {}",
         where,
         patch,
         kLargestPatch);
  read.out_width = patch * patch * out;
  check_axes(read, where);
  return read;
}

}  // namespace lineas
