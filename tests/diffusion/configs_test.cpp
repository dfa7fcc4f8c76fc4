// What is read out of a component's config.json: defaults, null, second names,
// and what is refused. Covers lineas/diffusion/config_fields.h,
// lineas/diffusion/text_encoder_config.h and lineas/diffusion/flux_config.h
#include "lineas/diffusion/config_fields.h"
#include "lineas/diffusion/flux_config.h"
#include "lineas/diffusion/text_encoder_config.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;

TEST(ClipTextConfig, HasTheDefaultsOfItsClass) {
  for (const Json& config :
       {Json::object(),
        Json{{"hidden_size", nullptr}, {"eos_token_id", nullptr}}}) {
    const ClipTextConfig read = read_clip_text_config(config, "c.json");
    EXPECT_EQ(read.vocabulary, 49408);
    EXPECT_EQ(read.width, 512);
    EXPECT_EQ(read.inner, 2048);
    EXPECT_EQ(read.projection, 512);
    EXPECT_EQ(read.layers, 12);
    EXPECT_EQ(read.heads, 8);
    EXPECT_EQ(read.context, 77);
    EXPECT_EQ(read.activation, "quick_gelu");
    EXPECT_EQ(read.eps, 1e-5);
    EXPECT_EQ(read.eos_id, 49407);
  }
}

TEST(ClipTextConfig, IsAlsoThePartOfAWholeClip) {
  const Json config = {{"model_type", "clip"},
                       {"text_config", {{"hidden_size", 64}}}};
  EXPECT_EQ(read_clip_text_config(config, "c.json").width, 64);
}

TEST(ClipTextConfig, NamesFileAndField) {
  const auto refuse = [](const Json& config,
                         const std::vector<std::string>& parts) {
    expect_error(ErrorKind::format, parts, [&] {
      read_clip_text_config(config, "c.json");
    });
  };
  refuse({{"hidden_size", 100}}, {"c.json", "hidden_size", "100", "heads"});
  refuse({{"num_hidden_layers", -1}}, {"c.json", "num_hidden_layers", "-1"});
  refuse({{"layer_norm_eps", "x"}}, {"c.json", "layer_norm_eps"});
  refuse({{"layer_norm_eps", 0}}, {"c.json", "layer_norm_eps", "above 0"});
  refuse({{"vocab_size", 1.5}}, {"c.json", "vocab_size"});
  refuse(Json::array(), {"c.json", "not a JSON object"});
}

TEST(T5Config, FeedForwardKinds) {
  const auto read = [](const Json& config) {
    return read_t5_config(config, "t.json");
  };
  EXPECT_EQ(read(Json::object()).activation, "relu");
  EXPECT_FALSE(read(Json::object()).is_gated);
  EXPECT_EQ(read({{"feed_forward_proj", "gated-gelu"}}).activation, "gelu_new");
  EXPECT_TRUE(read({{"feed_forward_proj", "gated-gelu"}}).is_gated);
  EXPECT_EQ(read({{"feed_forward_proj", "gated-silu"}}).activation, "silu");
  // Published copies that have the results alone.
  const T5Config copy =
      read({{"dense_act_fn", "gelu_pytorch_tanh"}, {"is_gated_act", true}});
  EXPECT_EQ(copy.activation, "gelu_pytorch_tanh");
  EXPECT_TRUE(copy.is_gated);
  expect_error(ErrorKind::format, {"t.json", "feed_forward_proj"}, [&] {
    read({{"feed_forward_proj", "gated-gelu-x"}});
  });
}

TEST(T5Config, SecondNamesAndBuckets) {
  EXPECT_EQ(read_t5_config({{"hidden_size", 32}, {"head_dim", 5}}, "t").width,
            32);
  expect_error(ErrorKind::format, {"t.json", "d_model", "hidden_size"}, [] {
    read_t5_config({{"hidden_size", 32}, {"d_model", 31}}, "t.json");
  });
  expect_error(ErrorKind::format, {"relative_attention_num_buckets"}, [] {
    read_t5_config({{"relative_attention_num_buckets", 6}}, "t.json");
  });
}

TEST(FluxConfig, HasTheDefaultsOfItsClass) {
  const FluxConfig read = read_flux_config({{"out_channels", nullptr}}, "f");
  EXPECT_EQ(read.width(), 3072);
  EXPECT_EQ(read.out_width, 64);
  EXPECT_EQ(read.double_blocks, 19);
  EXPECT_EQ(read.single_blocks, 38);
  EXPECT_EQ(read.text_width, 4096);
  EXPECT_EQ(read.pooled_width, 768);
  EXPECT_FALSE(read.has_guidance);
  EXPECT_EQ(read.rope_axes, (std::vector<int64_t>{16, 56, 56}));
}

TEST(FluxConfig, WarnsOfWhatTheClassDoesNotKnow) {
  testing::LogCapture log;
  read_flux_config({{"qk_norm", "rms"}, {"_name_or_path", "x"}}, "f.json");
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("qk_norm"), std::string::npos);
}

TEST(FluxConfig, AxesMustMakeAHead) {
  for (const Json& axes : {Json{16, 56, 58}, Json{64, 64}, Json{15, 57, 56}})
    expect_error(ErrorKind::format, {"f.json", "axes_dims_rope", "128"}, [&] {
      read_flux_config({{"axes_dims_rope", axes}}, "f.json");
    });
}

}  // namespace
}  // namespace lineas
