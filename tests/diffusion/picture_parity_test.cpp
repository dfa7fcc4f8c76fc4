// UNets and autoencoders of the parity folder's pipelines: outputs and every
// activation that it lists.
#include "lineas/diffusion/autoencoder.h"
#include "lineas/diffusion/unet.h"
#include "tests/support/compare.h"
#include "tests/support/folder.h"
#include "tests/support/picture_pass.h"

namespace lineas {
namespace {

using testing::entries;
using testing::error_of;
using testing::KeepTap;

// As published; convolutions and sinusoids of another processor differ by 5e-5.
constexpr double kBar = 1e-4;

/// A component with its weights, in a table of its own.
struct Part {
  Part(const std::string& folder,
       const std::string& weights_file,
       std::string prefix)
      : where(folder + "/config.json"),
        config(read_json(where)),
        weights(Checkpoint::of_file(weights_file)),
        source{weights, {at::kCPU, at::kFloat}, sites, std::move(prefix)},
        files{config, where, source} {}

  std::string where;
  Json config;
  Checkpoint weights;
  SiteTable sites;
  WeightSource source;
  ModelFiles files;
};

struct Parity {
  explicit Parity(const std::string& name)
      : folder(testing::test_data("images/" + name)),
        json(read_json(folder + "/golden.json")),
        tensors(folder + "/golden.safetensors") {}

  Part part(const std::string& path, const std::string& prefix) const {
    const std::string own = folder + "/" + path;
    return Part(own, own + "/diffusion_pytorch_model.safetensors", prefix);
  }
  Tensor golden(const std::string& name) const { return tensors.view(name); }
  bool has(const std::string& name) const {
    for (const TensorEntry& entry : tensors.entries())
      if (entry.name == name) return true;
    return false;
  }
  /// Of these rows of the prompts, four a side.
  UnetInput input(const Tensor& latents_BCHW,
                  const Tensor& time_B,
                  const std::vector<int64_t>& prompts) const {
    const Tensor index = at::tensor(prompts, at::kLong);
    UnetInput input{
        .latents_BCHW = latents_BCHW,
        .time_B = time_B,
        .text_BLD = golden("text/prompt_embeds").index_select(0, index)};
    if (!has("text/pooled_prompt_embeds")) return input;
    input.pooled_BD =
        golden("text/pooled_prompt_embeds").index_select(0, index);
    const double h = json["picture"][0], w = json["picture"][1];
    input.time_ids_BN = at::tensor({h, w, 0.0, 0.0, h, w}, at::kFloat)
                            .expand({latents_BCHW.size(0), 6});
    return input;
  }

  std::string folder;
  Json json;
  SafetensorsFile tensors;
};

class PictureParity : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (testing::test_data("x").empty()) GTEST_SKIP() << testing::kNoTestData;
  }
};

TEST_P(PictureParity, UnetGivesTheGoldenOutputs) {
  const Parity parity(GetParam());
  Part part = parity.part("pipeline/unet", "unet");
  const auto unet = make_unet(part.files);
  EXPECT_EQ(part.source.used.size(), part.weights.names().size());
  Pass pass(entries(2));
  const UnetInput input = parity.input(
      parity.golden("unet/in"), parity.golden("unet/timestep"), {0, 4});
  EXPECT_LE(error_of((*unet)(input, pass), parity.golden("unet/out")), kBar);
}

TEST_P(PictureParity, UnetSitesSawTheGoldenActivations) {
  const Parity parity(GetParam());
  Part part = parity.part("pipeline/unet", "unet");
  const auto unet = make_unet(part.files);
  KeepTap tap(part.sites);
  Pass pass(entries(1), &tap);
  (*unet)(parity.input(parity.golden("unet/in").narrow(0, 0, 1),
                       parity.golden("unet/timestep"),
                       {0}),
          pass);
  EXPECT_TRUE(tap.twice.empty());
  int64_t compared = 0;
  for (const std::string name : parity.json["activations"]["listed"]) {
    if (!name.starts_with("unet.")) continue;
    // Called three times a pass: no site.
    if (name.find("nonlinearity") != name.npos) continue;
    ASSERT_TRUE(tap.seen.contains(name)) << name;
    const Tensor golden = parity.golden("act/" + name);
    EXPECT_LE(error_of(tap.seen[name].reshape(golden.sizes()), golden), kBar)
        << name;
    ++compared;
  }
  EXPECT_GT(compared, 200);
}

TEST_P(PictureParity, AutoencoderGivesTheGoldenOutputs) {
  const Parity parity(GetParam());
  Part part = parity.part("pipeline/vae", "vae");
  const auto vae = make_autoencoder_kl(part.files);
  EXPECT_EQ(part.source.used.size(), part.weights.names().size());
  Pass pass(entries(2));
  EXPECT_LE(error_of(vae->decode(parity.golden("vae/z"), pass),
                     parity.golden("vae/decoded")),
            kBar);
  const EncodedPicture encoded =
      vae->encode(parity.golden("vae/picture"), pass);
  EXPECT_LE(error_of(encoded.mean_BCHW, parity.golden("vae/mean")), kBar);
  EXPECT_LE(error_of(encoded.logvar_BCHW, parity.golden("vae/logvar")), kBar);
}

INSTANTIATE_TEST_SUITE_P(All, PictureParity, ::testing::Values("sdxl", "sd15"));

class FluxParity : public PictureParity {};

TEST_P(FluxParity, AutoencoderGivesTheGoldenOutputs) {
  const Parity parity(GetParam());
  Part part = parity.part("pipeline/vae", "vae");
  const auto vae = make_autoencoder_kl(part.files);
  Pass pass(entries(2));
  EXPECT_LE(error_of(vae->decode(parity.golden("vae/z"), pass),
                     parity.golden("vae/decoded")),
            kBar);
}

INSTANTIATE_TEST_SUITE_P(All,
                         FluxParity,
                         ::testing::Values("flux-dev", "flux-schnell"));

class SdxlParity : public PictureParity {};

TEST_P(SdxlParity, TinyAutoencoder) {
  const Parity parity(GetParam());
  Part part = parity.part("vae_tiny", "vae");
  const auto vae = make_autoencoder_tiny(part.files);
  Pass pass(entries(2));
  EXPECT_LE(error_of(vae->decode(parity.golden("vae/z") * 2, pass),
                     parity.golden("vae_tiny/decoded")),
            kBar);
  EXPECT_LE(error_of(vae->encode(parity.golden("vae/picture"), pass).mean_BCHW,
                     parity.golden("vae_tiny/encoded")),
            kBar);
}

// As DMD2 ships it: a pickle of one state dict, in float16.
TEST_P(SdxlParity, UnetOfAPickle) {
  const Parity parity(GetParam());
  Part part(parity.folder + "/pipeline/unet",
            parity.folder + "/dmd2_unet_fp16.bin",
            "unet");
  const auto unet = make_unet(part.files);
  const std::string run = "sampler/dmd2_bin_lcm_399/";
  Pass pass(entries(1));
  const UnetInput input = parity.input(
      parity.golden(run + "latents")[0], parity.golden(run + "timesteps"), {0});
  EXPECT_LE(
      error_of((*unet)(input, pass), parity.golden(run + "denoiser_out")[0]),
      kBar);
}

// Decoding as a pipeline ends.
TEST_P(SdxlParity, PictureOfASampler) {
  const Parity parity(GetParam());
  Part part = parity.part("pipeline/vae", "vae");
  const auto vae = make_autoencoder_kl(part.files);
  const std::string run = "sampler/dmd2_bin_lcm_399/";
  const Tensor latents = parity.golden(run + "latents");
  Pass pass(entries(1));
  const Tensor picture = to_picture(vae->decode(
      unscale_latents(latents[latents.size(0) - 1], vae->info()), pass));
  EXPECT_LE(error_of(picture, parity.golden(run + "image")), kBar);
}

INSTANTIATE_TEST_SUITE_P(All, SdxlParity, ::testing::Values("sdxl"));

}  // namespace
}  // namespace lineas
