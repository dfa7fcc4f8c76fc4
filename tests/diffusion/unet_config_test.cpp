// What is read out of the config.json of UNets and autoencoders: defaults,
// null, lists, and what is refused by name. Covers
// lineas/diffusion/unet_config.h and lineas/diffusion/autoencoder_config.h
#include "lineas/diffusion/unet_config.h"

#include "lineas/diffusion/autoencoder_config.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;

UnetConfig read(const Json& config) {
  return read_unet_config(config, "u.json");
}

TEST(UnetConfig, HasTheDefaultsOfItsClass) {
  for (const Json& config : {Json::object(),
                             Json{{"upcast_attention", nullptr},
                                  {"transformer_layers_per_block", nullptr},
                                  {"norm_eps", nullptr}}}) {
    const UnetConfig unet = read(config);
    ASSERT_EQ(unet.levels.size(), 4u);
    EXPECT_EQ(unet.levels[2].channels, 1280);
    EXPECT_EQ(unet.levels[0].heads, 8);
    EXPECT_EQ(unet.levels[0].text_width, 1280);
    EXPECT_EQ(unet.levels[1].down_depths, (std::vector<int64_t>{1, 1}));
    EXPECT_EQ(unet.levels[1].up_depths, (std::vector<int64_t>{1, 1, 1}));
    EXPECT_TRUE(unet.levels[3].down_depths.empty());
    EXPECT_TRUE(unet.levels[3].up_depths.empty());
    EXPECT_EQ(unet.mid, UnetMid::cross_attention);
    EXPECT_EQ(unet.mid_depth, 1);
    EXPECT_EQ(unet.time_width, 1280);
    EXPECT_EQ(unet.groups, 32);
    EXPECT_EQ(unet.eps, 1e-5);
    EXPECT_FALSE(unet.upcasts_attention);
    EXPECT_FALSE(unet.linear_projections);
    EXPECT_FALSE(unet.has_text_time());
    EXPECT_EQ(unet.sample_height, 0);
  }
}

// Here null is a value of its own.
TEST(UnetConfig, NullMidBlockIsNone) {
  EXPECT_EQ(read({{"mid_block_type", nullptr}}).mid, UnetMid::none);
}

TEST(UnetConfig, RefusesByNameWhatIsNotBuilt) {
  const std::vector<std::pair<std::string, Json>> cases = {
      {"encoder_hid_dim", 1024},
      {"encoder_hid_dim_type", "text_proj"},
      {"num_attention_heads", 8},
      {"class_embed_type", "timestep"},
      {"num_class_embeds", 1000},
      {"time_cond_proj_dim", 256},
      {"cross_attention_norm", "layer_norm"},
      {"dual_cross_attention", true},
      {"class_embeddings_concat", true},
      {"attention_type", "gated"},
      {"time_embedding_type", "fourier"},
      {"addition_embed_type", "image"},
      {"resnet_time_scale_shift", "ada_group"},
      {"mid_block_type", "UNetMidBlock2DSimpleCrossAttn"},
      {"downsample_padding", 2},
      {"down_block_types", {"KDownBlock2D", "x", "y", "z"}},
  };
  for (const auto& [key, value] : cases)
    expect_error(ErrorKind::unsupported, {"u.json", key, "known"}, [&] {
      read({{key, value}});
    });
}

TEST(UnetConfig, NamesFileAndField) {
  const std::vector<std::pair<std::string, Json>> cases = {
      {"block_out_channels", {320, 640}},
      {"block_out_channels", Json::array()},
      {"block_out_channels", {320, 0, 640, 640}},
      {"layers_per_block", {1, 2}},
      {"layers_per_block", "two"},
      {"attention_head_dim", 4000},
      {"attention_head_dim", {1, 2, 3}},
      {"cross_attention_dim", -1},
      {"only_cross_attention", {true}},
      {"transformer_layers_per_block", {1, 1}},
      {"transformer_layers_per_block", {1, 1, 1, "x"}},
      {"transformer_layers_per_block", {{1, 1}, 1, 1, 1}},
      {"transformer_layers_per_block", -1},
      {"conv_in_kernel", 4},
      {"norm_eps", 0},
      {"sample_size", {1, 2, 3}},
      {"freq_shift", 160},
      {"norm_num_groups", 0},
  };
  for (const auto& [key, value] : cases)
    expect_error(ErrorKind::format, {"u.json", key}, [&] {
      read({{key, value}});
    });
  expect_error(ErrorKind::format, {"addition_time_embed_dim"}, [&] {
    read({{"addition_embed_type", "text_time"}});
  });
  expect_error(
      ErrorKind::format, {"not a JSON object"}, [] { read(Json::array()); });
}

TEST(UnetConfig, WarnsOfWhatTheClassDoesNotKnow) {
  testing::LogCapture log;
  read({{"crop", 1}, {"_class_name", "UNet2DConditionModel"}});
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("crop"), std::string::npos);
}

TEST(AutoencoderConfig, HasTheDefaultsOfItsClass) {
  const AutoencoderKlConfig kl =
      read_autoencoder_kl_config({{"force_upcast", nullptr}}, "v.json");
  EXPECT_EQ(kl.info.scaling_factor, 0.18215);
  EXPECT_EQ(kl.info.shift_factor, 0);
  EXPECT_TRUE(kl.info.force_upcast);
  EXPECT_EQ(kl.layers, 1);
  EXPECT_TRUE(kl.has_quant_conv && kl.has_post_quant_conv && kl.mid_attends);
  const AutoencoderTinyConfig tiny =
      read_autoencoder_tiny_config({{"force_upcast", true}}, "t.json");
  EXPECT_EQ(tiny.decoder_blocks, (std::vector<int64_t>{3, 3, 3, 1}));
  EXPECT_EQ(tiny.info.downscale, 8);
  EXPECT_EQ(tiny.info.scaling_factor, 1);
  EXPECT_FALSE(tiny.info.force_upcast);  // as the class sets it
}

TEST(AutoencoderConfig, NamesFileAndField) {
  const std::vector<std::pair<std::string, Json>> kl_cases = {
      {"block_out_channels", {64, 64}},
      {"latents_mean", {1, 2, 3, 4}},
      {"latents_std", {1, 2}},
      {"scaling_factor", 0},
      {"layers_per_block", 0},
      {"shift_factor", "x"}};
  for (const auto& [key, value] : kl_cases)
    expect_error(ErrorKind::format, {"v.json", key}, [&] {
      read_autoencoder_kl_config({{key, value}}, "v.json");
    });
  expect_error(ErrorKind::unsupported,
               {"v.json", "AttnDownEncoderBlock2D", "DownEncoderBlock2D"},
               [] {
                 read_autoencoder_kl_config(
                     {{"down_block_types", {"AttnDownEncoderBlock2D"}}},
                     "v.json");
               });
  const std::vector<std::pair<std::string, Json>> tiny_cases = {
      {"num_encoder_blocks", {1, 2}},
      {"num_decoder_blocks", {1, 2, 3, -1}},
      {"encoder_block_out_channels", {64, 64, 32, 64}}};
  for (const auto& [key, value] : tiny_cases)
    expect_error(ErrorKind::format, {"t.json", key}, [&] {
      read_autoencoder_tiny_config({{key, value}}, "t.json");
    });
  expect_error(ErrorKind::unsupported, {"t.json", "upsample_fn"}, [] {
    read_autoencoder_tiny_config({{"upsample_fn", "bilinear"}}, "t.json");
  });
}

}  // namespace
}  // namespace lineas
