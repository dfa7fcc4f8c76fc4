// Quantised checkpoints are told by the config or by their tensors.
#include "lineas/models/quantised.h"

#include "tests/support/checkpoint.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;

TEST(Quantised, ByTheConfig) {
  const std::vector<std::pair<Json, std::string>> cases = {
      {{{"quant_method", "bitsandbytes"}, {"load_in_4bit", true}},
       "bitsandbytes"},
      {{{"load_in_8bit", true}}, "bitsandbytes"},
      {{{"quant_method", "gptq"}, {"bits", 4}}, "GPTQ"},
      {{{"quant_method", "awq"}}, "AWQ"},
      {{{"quant_method", "fp8"}}, "FP8"},
      {{{"quant_method", "compressed-tensors"}}, "compressed-tensors"},
      {{{"quant_method", "mxfp4"}}, "MXFP4"},
      {{{"quant_method", "of tomorrow"}}, "of tomorrow"},
      {{{"bits", 4}, {"group_size", 64}, {"mode", "affine"}}, "MLX"},
      {Json::object(), "does not name"}};
  for (const auto& [value, method] : cases)
    expect_error(
        ErrorKind::unsupported,
        {"config.json: \"quantization_config\"",
         "quantised with",
         method,
         "unquantised model, or its GGUF"},
        [&value = value] {
          refuse_quantised(Json{{"quantization_config", value}}, "config.json");
        });
  expect_error(ErrorKind::unsupported, {"compressed-tensors"}, [] {
    refuse_quantised(Json{{"compression_config", {{"format", "x"}}}}, "c");
  });
  expect_error(ErrorKind::unsupported, {"\"quantization\"", "with MLX"}, [] {
    refuse_quantised(Json{{"quantization", {{"bits", 4}, {"group_size", 32}}}},
                     "c");
  });
  EXPECT_NO_THROW(
      refuse_quantised(Json{{"quantization_config", nullptr}}, "config.json"));
}

TEST(Quantised, ByTheTensors) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"qweight", "GPTQ or AWQ"},
      {"g_idx", "GPTQ"},
      {"weight.absmax", "bitsandbytes"},
      {"SCB", "bitsandbytes"},
      {"weight_scale_inv", "FP8"},
      {"weight_packed", "compressed-tensors"},
      {"W_q", "HQQ"},
      {"biases", "MLX"}};
  for (const auto& [name, method] : cases) {
    const testing::TinyCheckpoint files({{"up_proj." + name, at::ones({3})}});
    expect_error(ErrorKind::unsupported,
                 {"\"up_proj." + name, "quantised with " + method},
                 [&] { refuse_quantised(files.checkpoint); });
  }
  const testing::TinyCheckpoint bytes(
      {{"up_proj.weight", at::ones({3}, at::kByte)}});
  expect_error(ErrorKind::unsupported, {"numbers of type U8"}, [&] {
    refuse_quantised(bytes.checkpoint);
  });
}

TEST(Quantised, OthersPass) {
  const testing::TinyCheckpoint files(
      {{"up_proj.weight", at::ones({3})},
       {"up_proj.bias", at::ones({3})},
       {"attn.bias", at::ones({3}, at::kByte)}});
  EXPECT_NO_THROW(refuse_quantised(files.checkpoint));
}

}  // namespace
}  // namespace lineas
