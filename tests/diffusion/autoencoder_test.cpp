// Autoencoders against diffusers, old names of their attention, and the steps
// before and behind them. Also names lineas/diffusion/autoencoder_kl.cpp and
// lineas/diffusion/autoencoder_tiny.cpp.
#include "lineas/diffusion/autoencoder.h"

#include "tests/diffusion/picture_network.h"
#include "tests/support/checkpoint.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::entries;
using testing::error_of;
using testing::PictureNetwork;
using testing::RowMeans;

// As published; convolutions and sinusoids of another processor differ by 5e-5.
constexpr double kBar = 1e-4;

std::unique_ptr<Autoencoder> make(const std::string& name, ModelFiles& files) {
  return name == "vae_small" ? make_autoencoder_tiny(files)
                             : make_autoencoder_kl(files);
}

class TinyAutoencoder : public ::testing::TestWithParam<const char*> {};

TEST_P(TinyAutoencoder, GivesTheGoldenOutputsAtEverySite) {
  PictureNetwork tiny(GetParam());
  const auto vae = make(GetParam(), tiny.files);
  EXPECT_EQ(tiny.source.used.size(), tiny.weights.names().size());
  RowMeans tap(tiny.sites);
  Pass pass(entries(2), &tap);
  const EncodedPicture encoded = vae->encode(tiny.in("picture"), pass);
  const Tensor decoded = vae->decode(tiny.in("z"), pass);
  EXPECT_LE(error_of(encoded.mean_BCHW, tiny.golden.view("out/mean")), kBar);
  EXPECT_EQ(encoded.logvar_BCHW.defined(), tiny.has("out/logvar"));
  if (encoded.logvar_BCHW.defined())
    EXPECT_LE(error_of(encoded.logvar_BCHW, tiny.golden.view("out/logvar")),
              kBar);
  EXPECT_LE(error_of(decoded, tiny.golden.view("out/decoded")), kBar);
  EXPECT_EQ(vae->info().downscale,
            tiny.in("picture").size(2) / tiny.in("z").size(2));
  tiny.check_sites(tap, kBar);
}

INSTANTIATE_TEST_SUITE_P(All,
                         TinyAutoencoder,
                         ::testing::Values("vae_plain",
                                           "vae_moments",
                                           "vae_small"));

// The file of an autoencoder of Stable Diffusion 1.x.
TEST(AutoencoderKl, ReadsTheFirstNamesOfItsAttention) {
  PictureNetwork tiny("vae_moments");
  testing::Tensors tensors;
  for (const std::string& name : tiny.weights.names()) {
    std::string old = name;
    const auto rename = [&](const std::string& now, const std::string& then) {
      const size_t at = old.find("." + now + ".");
      if (old.find("attentions") != old.npos && at != old.npos)
        old.replace(at + 1, now.size(), then);
    };
    rename("to_q", "query");
    rename("to_k", "key");
    rename("to_v", "value");
    rename("to_out.0", "proj_attn");
    tensors[old] = tiny.weights.load(name, at::kFloat, at::kCPU);
  }
  ASSERT_TRUE(tensors.contains("decoder.mid_block.attentions.0.query.bias"));
  testing::TinyCheckpoint files(tensors);
  ModelFiles model_files{tiny.config, tiny.where, files.source};
  const auto vae = make_autoencoder_kl(model_files);
  EXPECT_EQ(files.source.used.size(), tensors.size());
  Pass pass(entries(2));
  EXPECT_LE(error_of(vae->decode(tiny.in("z"), pass),
                     tiny.golden.view("out/decoded")),
            kBar);
  testing::expect_error(ErrorKind::shape, {"latents", "[1, 4, 2, 2]"}, [&] {
    vae->decode(at::zeros({1, 4, 2, 2}), pass);
  });
}

TEST(Latents, AreScaledThereAndBack) {
  const Tensor latents = at::randn({2, 3, 4, 5});
  AutoencoderInfo info{.scaling_factor = 0.5, .shift_factor = 0.25};
  EXPECT_LE(error_of(unscale_latents(latents, info), latents * 2 + 0.25), 1e-6);
  EXPECT_LE(
      error_of(scale_latents(unscale_latents(latents, info), info), latents),
      1e-6);
  info.latents_mean = {1, 2, 3};
  info.latents_std = {0.5, 1, 2};
  const Tensor z = unscale_latents(latents, info);
  EXPECT_NEAR(z[1][2][0][0].item<double>(),
              latents[1][2][0][0].item<double>() * 2 / 0.5 + 3,
              1e-5);
  EXPECT_LE(error_of(scale_latents(z, info), latents), 1e-6);
}

TEST(Picture, IsClampedAndInFloat32) {
  const Tensor x = at::tensor({-3.0, -1.0, 0.0, 0.5, 1.5}).to(at::kHalf);
  const Tensor picture = to_picture(x);
  EXPECT_EQ(picture.scalar_type(), at::kFloat);
  EXPECT_TRUE(
      at::equal(picture, at::tensor({0.0, 0.0, 0.5, 0.75, 1.0}, at::kFloat)));
  EXPECT_TRUE(at::equal(from_picture(picture).narrow(0, 1, 2),
                        x.narrow(0, 1, 2).to(at::kFloat)));
}

}  // namespace
}  // namespace lineas
