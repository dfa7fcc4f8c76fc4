// UNets against diffusers: outputs and every site of tiny configurations that
// use what the published ones do not. Also names what the parts are in:
// lineas/diffusion/unet_blocks.h, lineas/diffusion/unet_embeddings.h,
// lineas/diffusion/resnet.h, lineas/diffusion/spatial_transformer.h
#include "lineas/diffusion/unet.h"

#include "lineas/diffusion/spatial_transformer.h"
#include "tests/diffusion/picture_network.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::entries;
using testing::error_of;
using testing::PictureNetwork;
using testing::RowMeans;

// As published; convolutions and sinusoids of another processor differ by 5e-5.
constexpr double kBar = 1e-4;

UnetInput read_input(const PictureNetwork& tiny,
                     at::ScalarType dtype = at::kFloat) {
  UnetInput input{.latents_BCHW = tiny.in("latents").to(dtype),
                  .time_B = tiny.in("time"),
                  .text_BLD = tiny.in("text").to(dtype)};
  if (tiny.has("in/pooled")) {
    input.pooled_BD = tiny.in("pooled").to(dtype);
    input.time_ids_BN = tiny.in("time_ids");
  }
  return input;
}

class TinyUnet : public ::testing::TestWithParam<const char*> {};

TEST_P(TinyUnet, GivesTheGoldenOutputsAtEverySite) {
  PictureNetwork tiny(GetParam());
  const auto unet = make_unet(tiny.files);
  EXPECT_EQ(tiny.source.used.size(), tiny.weights.names().size());
  RowMeans tap(tiny.sites);
  Pass pass(entries(2), &tap);
  const Tensor out = (*unet)(read_input(tiny), pass);
  EXPECT_LE(error_of(out, tiny.golden.view("out/out")), kBar);
  tiny.check_sites(tap, kBar);
}

// What a pass that is told to stop has seen, and that rows do not meet.
TEST_P(TinyUnet, RowsAreIndependentAndGradientsFlow) {
  PictureNetwork tiny(GetParam());
  const auto unet = make_unet(tiny.files);
  UnetInput input = read_input(tiny);
  input.latents_BCHW = input.latents_BCHW.narrow(0, 1, 1).clone();
  input.latents_BCHW.set_requires_grad(true);
  input.time_B = input.time_B[1];  // one number for all rows
  input.text_BLD = input.text_BLD.narrow(0, 1, 1);
  if (input.pooled_BD.defined()) {
    input.pooled_BD = input.pooled_BD.narrow(0, 1, 1);
    input.time_ids_BN = input.time_ids_BN.narrow(0, 1, 1);
  }
  Pass pass(entries(1));
  const Tensor out = (*unet)(input, pass);
  EXPECT_LE(error_of(out, tiny.golden.view("out/out").narrow(0, 1, 1)), kBar);
  out.sum().backward();
  EXPECT_GT(input.latents_BCHW.grad().abs().max().item<double>(), 0);
}

INSTANTIATE_TEST_SUITE_P(All,
                         TinyUnet,
                         ::testing::Values("unet_text_time",
                                           "unet_odd",
                                           "unet_depths",
                                           "unet_mid_resnet"));

TEST(Unet, HalfPrecisionIsNear) {
  for (const at::ScalarType dtype : {at::kHalf, at::kBFloat16}) {
    PictureNetwork tiny("unet_text_time", dtype);
    const auto unet = make_unet(tiny.files);
    Pass pass(entries(2));
    const Tensor out = (*unet)(read_input(tiny, dtype), pass);
    EXPECT_EQ(out.scalar_type(), dtype);
    EXPECT_LE(error_of(out, tiny.golden.view("out/out")),
              dtype == at::kHalf ? 0.02 : 0.1);
  }
}

// Scores beyond float16's 65504: formed in float32, or everything is NaN.
TEST(Unet, UpcastAttentionFormsScoresInFloat32) {
  const auto run = [](bool upcasts) {
    PictureNetwork tiny("unet_text_time", at::kHalf);
    const WeightScope scope = WeightScope(tiny.source) / "mid_block" /
                              "attentions" / 0 / "transformer_blocks" / 0 /
                              "attn1";
    const CrossAttentionHeads heads(scope,
                                    {.width = 8,
                                     .context_width = 8,
                                     .inner = 8,
                                     .heads = 1,
                                     .upcasts = upcasts});
    const Tensor x_BTD = at::full({1, 3, 8}, 30000, at::kHalf) *
                         at::tensor({1, 0, 0, 0, 0, 0, 0, 0}).to(at::kHalf);
    Pass pass(entries(1));
    return heads(x_BTD, x_BTD, pass);
  };
  EXPECT_EQ(run(true).scalar_type(), at::kHalf);
  EXPECT_TRUE(run(true).isfinite().all().item<bool>());
}

// A tap at a down block rewrites what goes down, not what is skipped.
TEST(Unet, SkipsAreNotWhatADownBlockHandsOn) {
  PictureNetwork tiny("unet_mid_resnet");
  const auto unet = make_unet(tiny.files);
  struct Zero : Tap {
    explicit Zero(SiteIndex wanted) : site(wanted) {}
    Tensor visit(SiteIndex at, Tensor x, const PassContext&) override {
      return at == site ? at::zeros_like(x) : x;
    }
    SiteIndex site;
  };
  const auto run = [&](const std::string& name) {
    Zero zero(tiny.sites.find(name));
    Pass pass(entries(2), &zero);
    return (*unet)(read_input(tiny), pass);
  };
  const Tensor block = run("down_blocks.0");
  EXPECT_FALSE(at::equal(block, run("")));
  EXPECT_FALSE(at::equal(block, run("down_blocks.0.downsamplers.0")));
}

TEST(Unet, SaysWhatInputItTakes) {
  PictureNetwork tiny("unet_text_time");
  const auto unet = make_unet(tiny.files);
  const auto expect =
      [&](ErrorKind kind, const std::vector<std::string>& parts, auto change) {
        UnetInput input = read_input(tiny);
        change(input);
        testing::expect_error(kind, parts, [&] {
          Pass pass(entries(2));
          (*unet)(input, pass);
        });
      };
  expect(ErrorKind::shape, {"[2, 3, 5, 7]", "[rows, 4,"}, [](UnetInput& in) {
    in.latents_BCHW = at::zeros({2, 3, 5, 7});
  });
  expect(ErrorKind::shape, {"[2, 7, 9]", "10"}, [](UnetInput& in) {
    in.text_BLD = at::zeros({2, 7, 9});
  });
  expect(ErrorKind::shape, {"3 timesteps", "2 rows"}, [](UnetInput& in) {
    in.time_B = at::zeros({3});
  });
  expect(ErrorKind::usage, {"needs", "addition_embed_type"}, [](UnetInput& in) {
    in.pooled_BD = Tensor();
  });
  expect(ErrorKind::shape, {"pooled prompt of 5"}, [](UnetInput& in) {
    in.pooled_BD = at::zeros({2, 5});
  });
}

}  // namespace
}  // namespace lineas
