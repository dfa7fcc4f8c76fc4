// What the architectures' files read out of config.json, and what they take
// where a key is not there (HF's defaults).
#include "lineas/models/config.h"

#include "lineas/models/decoder.h"
#include "tests/support/checkpoint.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;
using Windows = std::vector<int64_t>;

/// A config.json without weights.
struct ConfigOnly {
  explicit ConfigOnly(Json json) : config(std::move(json)) {}
  Json config;
  std::string where = "m/config.json";
  testing::TinyCheckpoint checkpoint{{{"w", at::ones({1})}}};
  ModelFiles files{config, where, checkpoint.source};
};

TEST(Config, Sizes) {
  const ConfigOnly c(Json{{"a", 3}, {"zero", 0}, {"null", nullptr}});
  EXPECT_EQ(require_size(c.files, "a"), 3);
  EXPECT_EQ(size_or(c.files, "a", 7), 3);
  EXPECT_EQ(size_or(c.files, "null", 7), 7);
  EXPECT_EQ(size_or(c.files, "absent", 7), 7);
  expect_error(ErrorKind::format, {"m/config.json", "\"zero\" is 0"}, [&] {
    size_or(c.files, "zero", 7);
  });
  expect_error(
      ErrorKind::format, {"\"null\""}, [&] { require_size(c.files, "null"); });
}

TEST(Config, FlagsAndNumbers) {
  const ConfigOnly c(Json{{"on", true}, {"null", nullptr}, {"x", 2.5}});
  EXPECT_TRUE(flag(c.files, "on"));
  EXPECT_FALSE(flag(c.files, "null"));
  EXPECT_FALSE(flag(c.files, "absent"));
  EXPECT_EQ(require_number(c.files, "x"), 2.5);
  EXPECT_EQ(number_or_off(c.files, "null"), 0);
  expect_error(ErrorKind::unsupported, {"\"on\" is true"}, [&] {
    refuse_flag(c.files, "on");
  });
  expect_error(ErrorKind::format, {"\"x\"", "true or false"}, [&] {
    flag(c.files, "x");
  });
  expect_error(ErrorKind::format, {"\"null\""}, [&] {
    require_number(c.files, "null");
  });
}

TEST(Config, NullIsNotAbsent) {
  const ConfigOnly c(Json{{"null", nullptr}, {"a", 3}});
  EXPECT_TRUE(is_null(c.files, "null"));
  EXPECT_FALSE(is_null(c.files, "a"));
  EXPECT_FALSE(is_null(c.files, "absent"));
}

TEST(Config, WindowsOfQwen) {
  const Json on = {{"use_sliding_window", true},
                   {"sliding_window", 9},
                   {"max_window_layers", 2}};
  EXPECT_EQ(read_windows(ConfigOnly(on).files, 4), (Windows{0, 0, 9, 9}));
  Json off = on;
  off["use_sliding_window"] = false;
  EXPECT_EQ(read_windows(ConfigOnly(off).files, 2), (Windows{0, 0}));
  Json typed = on;
  typed["layer_types"] = Json::array({"sliding_attention", "full_attention"});
  EXPECT_EQ(read_windows(ConfigOnly(typed).files, 2), (Windows{9, 0}));
  typed["use_sliding_window"] = false;
  expect_error(ErrorKind::format, {"\"layer_types\"", "no window"}, [&] {
    read_windows(ConfigOnly(typed).files, 2);
  });
}

TEST(Config, LayerTypesMustFitTheLayers) {
  Json json;
  json["layer_types"] = Json::array({"full_attention"});
  const ConfigOnly c(json);
  expect_error(ErrorKind::format, {"1 entries for 2 layers"}, [&] {
    sliding_layers(c.files, 2, [](int64_t) { return true; });
  });
}

Json smallest() {
  return {{"vocab_size", 10},
          {"hidden_size", 24},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"intermediate_size", 40},
          {"max_position_embeddings", 64},
          {"hidden_act", "silu"},
          {"rms_norm_eps", 1e-5}};
}

TEST(DecoderConfig, ReadsWhatAllSpellAlike) {
  const ConfigOnly c(smallest());
  const DecoderConfig config = read_decoder_config(c.files);
  EXPECT_EQ(config.attention.kv_heads, 4);
  EXPECT_EQ(config.attention.head_width, 6);
  EXPECT_DOUBLE_EQ(config.attention.core.scale, 1 / std::sqrt(6.0));
  EXPECT_EQ(config.mlp.activation, Activation::silu);
  EXPECT_EQ(config.eps, 1e-5);
  EXPECT_EQ(config.info.context, 64);
  EXPECT_EQ(config.rope.width, 6);
  EXPECT_FALSE(config.info.tied_head);
  EXPECT_FALSE(config.attention.qkv_bias);
  EXPECT_EQ(config.windows, (Windows{0, 0}));
}

TEST(DecoderConfig, HeadWidthMayDifferFromWidthOverHeads) {
  Json json = smallest();
  json["head_dim"] = 16;
  EXPECT_EQ(read_decoder_config(ConfigOnly(json).files).attention.head_width,
            16);
  json["head_dim"] = nullptr;
  json["num_attention_heads"] = 5;  // 24 / 5, rounded down as in Python
  EXPECT_EQ(read_decoder_config(ConfigOnly(json).files).attention.head_width,
            4);
  json["head_dim"] = 7;
  expect_error(ErrorKind::format, {"\"head_dim\" is 7", "even"}, [&] {
    read_decoder_config(ConfigOnly(json).files);
  });
}

TEST(DecoderConfig, ScalingThatExtendsTheContextDoes) {
  Json json = smallest();
  json["rope_scaling"] = {{"rope_type", "dynamic"}, {"factor", 4.0}};
  EXPECT_EQ(read_decoder_config(ConfigOnly(json).files).info.context, 256);
}

}  // namespace
}  // namespace lineas
