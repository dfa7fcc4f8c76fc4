// CLIP's text half and T5's encoder against transformers: outputs and every
// site, of configurations that differ from the published ones.
#include "lineas/diffusion/clip_text.h"
#include "lineas/diffusion/t5_encoder.h"
#include "tests/support/errors.h"
#include "tests/support/tiny_network.h"

namespace lineas {
namespace {

using testing::entries;
using testing::error_of;
using testing::KeepTap;
using testing::TinyNetwork;

// As published; convolutions and sinusoids of another processor differ by 5e-5.
constexpr double kBar = 1e-4;

class TinyClip : public ::testing::TestWithParam<const char*> {};

TEST_P(TinyClip, GivesTheGoldenOutputsAtEverySite) {
  TinyNetwork tiny(GetParam());
  const bool has_projection = tiny.has("out/text_embeds");
  const auto clip = make_clip_text(tiny.files, has_projection);
  KeepTap tap(tiny.sites);
  Pass pass(entries(2), &tap);
  const ClipTextOutput output = (*clip)(tiny.in("ids"), pass);
  EXPECT_LE(error_of(output.last_BTD, tiny.golden.view("out/last")), kBar);
  for (size_t k = 0; k < output.hidden_BTD.size(); ++k)
    EXPECT_LE(error_of(output.hidden_BTD[k],
                       tiny.golden.view(fmt::format("out/hidden/{}", k))),
              kBar);
  if (has_projection)
    EXPECT_LE(
        error_of(output.text_embeds_BP, tiny.golden.view("out/text_embeds")),
        kBar);
  else
    EXPECT_LE(error_of(output.pooled_BD, tiny.golden.view("out/pooler_output")),
              kBar);
  tiny.check_sites(tap, kBar);
}

INSTANTIATE_TEST_SUITE_P(All,
                         TinyClip,
                         ::testing::Values("clip_legacy", "clip_projection"));

TEST(ClipText, RefusesMoreTokensThanPositions) {
  TinyNetwork tiny("clip_legacy");
  const auto clip = make_clip_text(tiny.files, false);
  Pass pass(entries(1));
  testing::expect_error(ErrorKind::usage, {"12 tokens", "11 positions"}, [&] {
    (*clip)(at::zeros({1, 12}, at::kLong), pass);
  });
  testing::expect_error(ErrorKind::usage, {"40", "vocabulary"}, [&] {
    (*clip)(at::full({1, 3}, 40, at::kLong), pass);
  });
}

TEST(ClipText, AnUnknownActivationIsNamed) {
  TinyNetwork tiny("clip_legacy");
  tiny.config["hidden_act"] = "mish";
  testing::expect_error(ErrorKind::unsupported,
                        {"config.json", "hidden_act", "mish", "quick_gelu"},
                        [&] { make_clip_text(tiny.files, false); });
}

class TinyT5 : public ::testing::TestWithParam<const char*> {};

TEST_P(TinyT5, GivesTheGoldenOutputsAtEverySite) {
  TinyNetwork tiny(GetParam());
  const auto t5 = make_t5_encoder(tiny.files);
  KeepTap tap(tiny.sites);
  Pass pass(entries(2), &tap);
  const Tensor last_BTD = (*t5)(tiny.in("ids"), pass);
  EXPECT_LE(error_of(last_BTD, tiny.golden.view("out/last")), kBar);
  tiny.check_sites(tap, kBar);
}

INSTANTIATE_TEST_SUITE_P(All,
                         TinyT5,
                         ::testing::Values("t5_gated", "t5_plain"));

TEST(T5, Float16KeepsTheOutputWeightsInFloat32) {
  TinyNetwork tiny("t5_gated", at::kHalf);
  const auto t5 = make_t5_encoder(tiny.files);
  KeepTap tap(tiny.sites);
  Pass pass(entries(2), &tap);
  const Tensor last_BTD = (*t5)(tiny.in("ids"), pass);
  EXPECT_EQ(last_BTD.scalar_type(), at::kHalf);
  EXPECT_EQ(tap.seen.at("encoder.block.0.layer.0").scalar_type(), at::kHalf);
  EXPECT_EQ(
      tap.seen.at("encoder.block.0.layer.1.DenseReluDense.wo").scalar_type(),
      at::kFloat);
  EXPECT_EQ(tap.seen.at("encoder.block.1").scalar_type(), at::kFloat);
  // The two programs round scores in other places: ours must be about as near
  // to the numbers of float32 as transformers' float16 is.
  const Tensor exact = tiny.golden.view("out/last");
  EXPECT_LE(error_of(last_BTD, exact),
            1.5 * error_of(tiny.golden.view("float16/last"), exact));
}

TEST(T5, TheTableMayHaveEitherName) {
  TinyNetwork tiny("t5_plain");
  testing::TempFolder folder;
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const std::string& name : tiny.weights.names())
    tensors.emplace_back(
        name == "shared.weight" ? "encoder.embed_tokens.weight" : name,
        tiny.weights.load(name, at::kFloat, at::kCPU));
  write_safetensors(folder / "model.safetensors", tensors);
  const Checkpoint weights(folder.path());
  SiteTable sites;
  WeightSource source{weights, {}, sites};
  ModelFiles files{tiny.config, tiny.where, source};
  const auto t5 = make_t5_encoder(files);
  Pass pass(entries(2));
  EXPECT_LE(error_of((*t5)(tiny.in("ids"), pass), tiny.golden.view("out/last")),
            kBar);
}

}  // namespace
}  // namespace lineas
