// FLUX against diffusers: outputs and every site, with and without guidance,
// and the roundings of bfloat16. Also names what the parts are in:
// lineas/diffusion/flux_blocks.h, lineas/diffusion/flux_attention.h,
// lineas/diffusion/flux_norm.h, lineas/diffusion/flux_embeddings.h
#include "lineas/diffusion/flux_transformer.h"

#include "lineas/diffusion/flux_embeddings.h"
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

FluxInput read_input(const TinyNetwork& tiny, at::ScalarType dtype) {
  FluxInput input{.latents_BTC = tiny.in("latents").to(dtype),
                  .text_BLD = tiny.in("text").to(dtype),
                  .pooled_BD = tiny.in("pooled").to(dtype),
                  .time_B = tiny.in("time").to(dtype)};
  if (tiny.has("in/guidance")) input.guidance_B = tiny.in("guidance");
  input.text_ids_L3 = at::zeros({input.text_BLD.size(1), 3});
  input.image_ids_T3 = tiny.in("image_ids");
  return input;
}

class TinyFlux : public ::testing::TestWithParam<const char*> {};

TEST_P(TinyFlux, GivesTheGoldenOutputsAtEverySite) {
  TinyNetwork tiny(GetParam());
  const auto flux = make_flux_transformer(tiny.files);
  KeepTap tap(tiny.sites);
  Pass pass(entries(2), &tap);
  const Tensor out = (*flux)(read_input(tiny, at::kFloat), pass);
  EXPECT_LE(error_of(out, tiny.golden.view("out/out")), kBar);
  tiny.check_sites(tap, kBar);
}

INSTANTIATE_TEST_SUITE_P(All,
                         TinyFlux,
                         ::testing::Values("flux_guided", "flux_plain"));

// Guidance 3500 is 3504 in bfloat16, and half a radian of a sinusoid: wrong
// roundings are far outside this bar, which rounding elsewhere stays below.
TEST(Flux, Bfloat16RoundsWhereThePublishedRunsDo) {
  TinyNetwork tiny("flux_guided", at::kBFloat16);
  const auto flux = make_flux_transformer(tiny.files);
  const Tensor golden = tiny.golden.view("bfloat16/out");
  Pass pass(entries(2));
  FluxInput input = read_input(tiny, at::kBFloat16);
  const Tensor out = (*flux)(input, pass);
  EXPECT_EQ(out.scalar_type(), at::kBFloat16);
  EXPECT_LE(error_of(out, golden), 0.03);
}

TEST(Flux, GuidanceMustFitTheModel) {
  TinyNetwork guided("flux_guided"), plain("flux_plain");
  const auto with = make_flux_transformer(guided.files);
  const auto without = make_flux_transformer(plain.files);
  Pass pass(entries(2));
  FluxInput input = read_input(guided, at::kFloat);
  input.guidance_B = Tensor();
  testing::expect_error(
      ErrorKind::usage, {"guidance_embeds"}, [&] { (*with)(input, pass); });
  input = read_input(plain, at::kFloat);
  input.guidance_B = at::ones({2});
  testing::expect_error(
      ErrorKind::usage, {"guidance_embeds"}, [&] { (*without)(input, pass); });
  input = read_input(plain, at::kFloat);
  input.image_ids_T3 = at::zeros({5, 3});
  testing::expect_error(ErrorKind::shape, {"image ids", "[6, 3]"}, [&] {
    (*without)(input, pass);
  });
}

// What the half that a tap rewrites is: text for the name with :0, both for the
// name without.
TEST(Flux, HalvesOfSingleBlocksAreSteeredApart) {
  TinyNetwork tiny("flux_plain");
  const auto flux = make_flux_transformer(tiny.files);
  struct Zero : Tap {
    explicit Zero(SiteIndex wanted) : site(wanted) {}
    Tensor visit(SiteIndex at, Tensor x, const PassContext&) override {
      return at == site ? at::zeros_like(x) : x;
    }
    SiteIndex site;
  };
  const auto run = [&](const std::string& name) {
    Zero zero(name.empty() ? -1 : tiny.sites.find(name));
    Pass pass(entries(2), &zero);
    return (*flux)(read_input(tiny, at::kFloat), pass);
  };
  const Tensor plain = run("");
  const std::string block = "single_transformer_blocks.1";
  EXPECT_TRUE(at::equal(run(block + ":0"), plain));  // thrown away behind it
  EXPECT_FALSE(at::equal(run(block + ":1"), plain));
  EXPECT_TRUE(at::equal(run(block), run(block + ":1")));
  EXPECT_FALSE(at::equal(run("single_transformer_blocks.0:0"), plain));
}

TEST(Flux, GradientsReachTheInput) {
  TinyNetwork tiny("flux_plain");
  const auto flux = make_flux_transformer(tiny.files);
  FluxInput input = read_input(tiny, at::kFloat);
  input.latents_BTC = input.latents_BTC.clone().set_requires_grad(true);
  Pass pass(entries(2));
  (*flux)(input, pass).sum().backward();
  EXPECT_GT(input.latents_BTC.grad().abs().max().item<double>(), 0);
}

TEST(RotatePairs, TurnsNeighbours) {
  const Tensor x =
      at::tensor({1.0, 0.0, 0.0, 2.0}, at::kFloat).view({1, 1, 1, 4});
  const Tensor angle =
      at::tensor({0.5, 0.5, 0.25, 0.25}, at::kFloat).view({1, 1, 4});
  const Tensor y = rotate_pairs(x, {angle.cos(), angle.sin()}).flatten();
  EXPECT_NEAR(y[0].item<double>(), std::cos(0.5), 1e-6);
  EXPECT_NEAR(y[1].item<double>(), std::sin(0.5), 1e-6);
  EXPECT_NEAR(y[2].item<double>(), -2 * std::sin(0.25), 1e-6);
  EXPECT_NEAR(y[3].item<double>(), 2 * std::cos(0.25), 1e-6);
}

}  // namespace
}  // namespace lineas
