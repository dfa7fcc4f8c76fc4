// What Gemma 2 and 3 read out of config.json.
#include "lineas/models/gemma.h"

#include "tests/support/checkpoint.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

GemmaConfig read(const Json& changes) {
  Json config = {{"vocab_size", 10},
                 {"hidden_size", 24},
                 {"num_hidden_layers", 2},
                 {"num_attention_heads", 4},
                 {"num_key_value_heads", 2},
                 {"head_dim", 8},
                 {"intermediate_size", 40},
                 {"hidden_activation", "gelu_pytorch_tanh"},
                 {"rms_norm_eps", 1e-6},
                 {"query_pre_attn_scalar", 16},
                 {"attn_logit_softcapping", 50.0},
                 {"final_logit_softcapping", 30.0}};
  config.update(changes);
  testing::TinyCheckpoint checkpoint{{{"w", at::ones({1})}}};
  const std::string where = "config.json";
  return read_gemma_config(ModelFiles{config, where, checkpoint.source});
}

TEST(GemmaConfig, ScaleAndCaps) {
  const GemmaConfig config = read(Json::object());
  EXPECT_DOUBLE_EQ(config.attention.core.scale, 0.25);
  EXPECT_EQ(config.attention.core.soft_cap, 50);
  EXPECT_EQ(config.logit_cap, 30);
  EXPECT_EQ(read({{"final_logit_softcapping", nullptr}}).logit_cap, 0);
}

TEST(GemmaConfig, NullIsNothingToTheseClasses) {
  for (const char* key :
       {"head_dim", "num_key_value_heads", "hidden_activation"})
    testing::expect_error(ErrorKind::format, {"config.json", key}, [&] {
      read({{key, nullptr}});
    });
}

}  // namespace
}  // namespace lineas
