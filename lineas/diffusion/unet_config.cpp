// Source: diffusers models/unets/unet_2d_condition.py, __init__.
#include "lineas/diffusion/unet_config.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/diffusion/config_fields.h"

namespace lineas {
namespace {

constexpr const char* kDefaults = R"({
  "sample_size": null, "in_channels": 4, "out_channels": 4,
  "center_input_sample": false, "flip_sin_to_cos": true, "freq_shift": 0,
  "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                       "CrossAttnDownBlock2D", "DownBlock2D"],
  "mid_block_type": "UNetMidBlock2DCrossAttn",
  "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D",
                     "CrossAttnUpBlock2D"],
  "only_cross_attention": false, "block_out_channels": [320, 640, 1280, 1280],
  "layers_per_block": 2, "downsample_padding": 1, "mid_block_scale_factor": 1,
  "dropout": 0, "act_fn": "silu", "norm_num_groups": 32, "norm_eps": 1e-5,
  "cross_attention_dim": 1280, "transformer_layers_per_block": 1,
  "reverse_transformer_layers_per_block": null, "encoder_hid_dim": null,
  "encoder_hid_dim_type": null, "attention_head_dim": 8,
  "num_attention_heads": null, "dual_cross_attention": false,
  "use_linear_projection": false, "class_embed_type": null,
  "addition_embed_type": null, "addition_time_embed_dim": null,
  "num_class_embeds": null, "upcast_attention": false,
  "resnet_time_scale_shift": "default", "resnet_skip_time_act": false,
  "resnet_out_scale_factor": 1, "time_embedding_type": "positional",
  "time_embedding_dim": null, "time_embedding_act_fn": null,
  "timestep_post_act": null, "time_cond_proj_dim": null, "conv_in_kernel": 3,
  "conv_out_kernel": 3, "projection_class_embeddings_input_dim": null,
  "attention_type": "default", "class_embeddings_concat": false,
  "mid_block_only_cross_attention": null, "cross_attention_norm": null,
  "addition_embed_type_num_heads": 64
})";

[[noreturn]] void refuse(const ConfigFields& fields,
                         const std::string& key,
                         const std::string& known) {
  fail(ErrorKind::unsupported,
       "{}: \"{}\" is {}, which is not supported; known: {}",
       fields.where(),
       key,
       printable(fields.value(key).dump()),
       known);
}

// What no Stable Diffusion uses and is not built. Fields of blocks that are not
// built either (resnet_skip_time_act, resnet_out_scale_factor,
// mid_block_only_cross_attention, addition_embed_type_num_heads) change
// nothing there either.
void refuse_foreign(const ConfigFields& fields) {
  for (const char* key : {"encoder_hid_dim",
                          "encoder_hid_dim_type",
                          "num_attention_heads",
                          "class_embed_type",
                          "num_class_embeds",
                          "time_cond_proj_dim",
                          "cross_attention_norm"})
    if (!fields.is_null(key)) refuse(fields, key, "null");
  for (const char* key : {"dual_cross_attention", "class_embeddings_concat"})
    if (fields.flag(key)) refuse(fields, key, "false");
  if (fields.text("attention_type") != "default")
    refuse(fields, "attention_type", "default");
  if (fields.text("time_embedding_type") != "positional")
    refuse(fields, "time_embedding_type", "positional");
}

// Lists must have an entry a level.
void check_levels(const ConfigFields& fields,
                  const std::string& key,
                  size_t entries,
                  size_t levels) {
  if (entries == levels) return;
  fail(ErrorKind::format,
       "{}: \"{}\" has {} entries, \"block_out_channels\" has {}",
       fields.where(),
       key,
       entries,
       levels);
}

// One number for all levels, or a list.
std::vector<int64_t> sizes_of_levels(const ConfigFields& fields,
                                     const std::string& key,
                                     size_t levels) {
  if (!fields.value(key).is_array())
    return std::vector<int64_t>(levels, fields.size(key));
  std::vector<int64_t> sizes = fields.sizes(key);
  check_levels(fields, key, sizes.size(), levels);
  return sizes;
}

std::vector<bool> flags_of_levels(const ConfigFields& fields,
                                  const std::string& key,
                                  size_t levels) {
  if (!fields.value(key).is_array())
    return std::vector<bool>(levels, fields.flag(key));
  const auto flags = fields.list<bool>(key);
  check_levels(fields, key, flags.size(), levels);
  return flags;
}

// Whether each block of a list attends; `plain` and `cross` are the two kinds.
std::vector<bool> read_block_types(const ConfigFields& fields,
                                   const std::string& key,
                                   const std::string& plain,
                                   size_t levels) {
  const std::string cross = "CrossAttn" + plain;
  const auto types = fields.list<std::string>(key);
  check_levels(fields, key, types.size(), levels);
  std::vector<bool> attends;
  for (std::string type : types) {
    if (type.starts_with("UNetRes")) type = type.substr(7);
    if (type != plain && type != cross)
      refuse(fields, key, fmt::format("{}, {}", plain, cross));
    attends.push_back(type == cross);
  }
  return attends;
}

// A block's entry of transformer_layers_per_block: one depth for all of its
// transformers, or a list. 0 is no transformer block, only its projections.
std::vector<int64_t> read_depths(const ConfigFields& fields,
                                 const std::string& key,
                                 const Json& entry,
                                 int64_t transformers) {
  constexpr int64_t kDeepest = 1000;
  const Json wrapped = {{key, entry.is_array() ? entry : Json::array({entry})}};
  auto depths = require<std::vector<int64_t>>(wrapped, key, fields.where());
  if (!entry.is_array()) depths.resize(transformers, depths.at(0));
  const bool are_depths =
      std::all_of(depths.begin(), depths.end(), [](int64_t depth) {
        return depth >= 0 && depth <= kDeepest;
      });
  if (are_depths && static_cast<int64_t>(depths.size()) >= transformers) {
    depths.resize(transformers);
    return depths;
  }
  fail(ErrorKind::format,
       "{}: \"{}\" says {} for a block of {} transformers; it must be a number "
       "of blocks, or a list of them",
       fields.where(),
       key,
       printable(entry.dump()),
       transformers);
}

Json depth_entry(const ConfigFields& fields,
                 const std::string& key,
                 size_t index,
                 size_t levels) {
  const Json& value = fields.value(key);
  if (!value.is_array()) return value;
  check_levels(fields, key, value.size(), levels);
  return value[index];
}

void read_all_depths(const ConfigFields& fields, UnetConfig& config) {
  const std::string down = "transformer_layers_per_block";
  const std::string up = "reverse_transformer_layers_per_block";
  const size_t count = config.levels.size();
  for (size_t i = 0; i < count; ++i) {
    UnetLevel& level = config.levels[i];
    const Json entry = depth_entry(fields, down, i, count);
    if (fields.is_null(up) && entry.is_array())
      fail(ErrorKind::format,
           "{}: \"{}\" holds a list, so \"{}\" must say the depths on the way "
           "up",
           fields.where(),
           down,
           up);
    if (level.attends_down)
      level.down_depths = read_depths(fields, down, entry, level.resnets);
    const Json up_entry = fields.is_null(up)
                              ? entry
                              : depth_entry(fields, up, count - 1 - i, count);
    if (level.attends_up)
      level.up_depths = read_depths(
          fields, fields.is_null(up) ? down : up, up_entry, level.resnets + 1);
  }
  if (config.mid == UnetMid::cross_attention)
    config.mid_depth = read_depths(
        fields, down, depth_entry(fields, down, count - 1, count), 1)[0];
}

std::vector<UnetLevel> read_levels(const ConfigFields& fields) {
  const std::vector<int64_t> channels = fields.sizes("block_out_channels");
  const size_t count = channels.size();
  constexpr size_t kMostLevels = 16;
  if (count < 1 || count > kMostLevels)
    fail(ErrorKind::format,
         "{}: \"block_out_channels\" has {} entries, it must have 1 to {}",
         fields.where(),
         count,
         kMostLevels);
  const auto resnets = sizes_of_levels(fields, "layers_per_block", count);
  const auto heads = sizes_of_levels(fields, "attention_head_dim", count);
  const auto text = sizes_of_levels(fields, "cross_attention_dim", count);
  const auto only_cross =
      flags_of_levels(fields, "only_cross_attention", count);
  const auto down =
      read_block_types(fields, "down_block_types", "DownBlock2D", count);
  const auto up =
      read_block_types(fields, "up_block_types", "UpBlock2D", count);
  std::vector<UnetLevel> levels;
  for (size_t i = 0; i < count; ++i) {
    if (heads[i] > channels[i])
      fail(ErrorKind::format,
           "{}: \"attention_head_dim\" says {} heads for {} channels",
           fields.where(),
           heads[i],
           channels[i]);
    levels.push_back({.channels = channels[i],
                      .resnets = resnets[i],
                      .heads = heads[i],
                      .text_width = text[i],
                      .only_cross_attention = only_cross[i],
                      .attends_down = down[i],
                      .attends_up = up[count - 1 - i]});
  }
  return levels;
}

// The file's own null is no mid block, where no entry is the default.
UnetMid read_mid(const ConfigFields& fields, const Json& config) {
  if (config.contains("mid_block_type") && config["mid_block_type"].is_null())
    return UnetMid::none;
  const std::string type = fields.text("mid_block_type");
  if (type == "UNetMidBlock2DCrossAttn") return UnetMid::cross_attention;
  if (type == "UNetMidBlock2D") return UnetMid::resnet;
  refuse(fields,
         "mid_block_type",
         "UNetMidBlock2DCrossAttn, UNetMidBlock2D, null");
}

// Which of the two ways the time acts on a resnet.
bool read_time_scales(const ConfigFields& fields) {
  const std::string kind = fields.text("resnet_time_scale_shift");
  if (kind == "default" || kind == "scale_shift") return kind == "scale_shift";
  refuse(fields, "resnet_time_scale_shift", "default, scale_shift");
}

void read_embeddings(const ConfigFields& fields, UnetConfig& config) {
  config.cos_first = fields.flag("flip_sin_to_cos");
  config.freq_shift = fields.number("freq_shift");
  const int64_t sinusoids = config.levels[0].channels;
  config.time_width = fields.is_null("time_embedding_dim")
                          ? 4 * sinusoids
                          : fields.size("time_embedding_dim");
  if (!fields.is_null("time_embedding_act_fn"))
    config.time_act = fields.text("time_embedding_act_fn");
  if (!fields.is_null("timestep_post_act"))
    config.time_post_act = fields.text("timestep_post_act");
  if (!fields.is_null("addition_embed_type")) {
    if (fields.text("addition_embed_type") != "text_time")
      refuse(fields, "addition_embed_type", "text_time, null");
    config.added_sinusoids = fields.size("addition_time_embed_dim");
    config.added_width = fields.size("projection_class_embeddings_input_dim");
  }
  for (const int64_t width : {sinusoids, config.added_sinusoids})
    if (width > 0 && static_cast<double>(width / 2) == config.freq_shift)
      fail(ErrorKind::format,
           "{}: \"freq_shift\" is {}, which is half of {} sinusoids",
           fields.where(),
           config.freq_shift,
           width);
}

void read_sample_size(const ConfigFields& fields, UnetConfig& config) {
  if (fields.is_null("sample_size")) return;
  if (!fields.value("sample_size").is_array()) {
    config.sample_height = config.sample_width = fields.size("sample_size");
    return;
  }
  const std::vector<int64_t> sizes = fields.sizes("sample_size");
  if (sizes.size() != 2)
    fail(ErrorKind::format,
         "{}: \"sample_size\" has {} entries, it must be a number or height "
         "and width",
         fields.where(),
         sizes.size());
  config.sample_height = sizes[0];
  config.sample_width = sizes[1];
}

}  // namespace

UnetConfig read_unet_config(const Json& config, const std::string& where) {
  const ConfigFields fields(config, kDefaults, where);
  fields.warn_of_unknown();
  refuse_foreign(fields);
  UnetConfig read{
      .in_channels = fields.size("in_channels"),
      .out_channels = fields.size("out_channels"),
      .in_kernel = fields.odd("conv_in_kernel"),
      .out_kernel = fields.odd("conv_out_kernel"),
      .levels = read_levels(fields),
      .mid = read_mid(fields, config),
      .mid_divisor = fields.positive("mid_block_scale_factor"),
      .groups = fields.size("norm_num_groups"),
      .eps = fields.positive("norm_eps"),
      .activation = fields.text("act_fn"),
      .downsample_padding = fields.integer("downsample_padding"),
      .linear_projections = fields.flag("use_linear_projection"),
      .upcasts_attention = fields.flag("upcast_attention"),
      .time_scales = read_time_scales(fields),
      .centers_input = fields.flag("center_input_sample"),
  };
  if (read.downsample_padding != 0 && read.downsample_padding != 1)
    refuse(fields, "downsample_padding", "0, 1");
  read_all_depths(fields, read);
  read_embeddings(fields, read);
  read_sample_size(fields, read);
  return read;
}

}  // namespace lineas
