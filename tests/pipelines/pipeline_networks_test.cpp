// Whole pipelines beside the project: tokens, text encoders and FLUX against
// the goldens of transformers and diffusers, from the folders as they are.
#include "lineas/pipelines/pipeline_networks.h"

#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/picture_pass.h"

namespace lineas {
namespace {

using testing::entries;
using testing::error_of;
using testing::KeepTap;
using Ids = std::vector<int64_t>;

// The sinusoids of a timestep of 1000 differ by 3e-5 from processor to
// processor.
constexpr double kBar = 1e-4;
// Of 512 tokens float32 and float64 are 1.4e-5 apart in transformers itself.
constexpr double kRoundingBar = 3e-5;

class SharedPipeline : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string folder = testing::test_data("images") + "/" + GetParam();
    if (!is_pipeline_folder(folder + "/pipeline"))
      GTEST_SKIP() << testing::kNoTestData;
    json_ = read_json(folder + "/golden.json");
    golden_ = std::make_unique<SafetensorsFile>(folder + "/golden.safetensors");
    networks_ = load_pipeline_networks(
        open_pipeline_folder(folder + "/pipeline"), {at::kCPU, at::kFloat});
  }

  bool is_flux() const { return std::string(GetParam()).starts_with("flux"); }
  Tensor golden(const std::string& name) const { return golden_->view(name); }
  bool has(const std::string& name) const {
    for (const TensorEntry& entry : golden_->entries())
      if (entry.name == name) return true;
    return false;
  }
  const PromptReader& reader(const std::string& tokenizer) const {
    return tokenizer == "tokenizer" ? networks_->reader : networks_->reader_2;
  }
  /// Source prompts, then target prompts.
  std::vector<std::string> prompts() const {
    auto texts = json_["source"].get<std::vector<std::string>>();
    for (const Json& text : json_["target"]) texts.push_back(text);
    return texts;
  }
  Tensor ids_of(const std::vector<std::string>& texts,
                const PromptReader& reader,
                int64_t length) const {
    Ids ids;
    for (const std::string& text : texts) {
      const Ids row = reader.tokenizer->encode(text, length).ids;
      ids.insert(ids.end(), row.begin(), row.end());
    }
    return at::tensor(ids, at::kLong).view({-1, length});
  }

  Json json_;
  std::unique_ptr<SafetensorsFile> golden_;
  std::unique_ptr<PipelineNetworks> networks_;
};

// Where the three published cleanings differ the fast tokenizer's is matched.
TEST_P(SharedPipeline, Tokens) {
  for (const auto& [name, tokens] : json_["tokens"].items()) {
    const PromptTokenizer& tokenizer = *reader(name).tokenizer;
    const int64_t length = tokens["length"];
    EXPECT_EQ(tokenizer.pad_id(), tokens["pad"]);
    const Json fast = tokens.value("ids_of_fast_tokenizer", Json::object());
    for (size_t i = 0; i < tokens["text"].size(); ++i) {
      Ids wanted = tokens["ids"][i];
      const std::string key = std::to_string(i);
      if (fast.contains(key)) wanted = fast[key].get<Ids>();
      wanted.resize(static_cast<size_t>(length), tokens["pad"].get<int64_t>());
      const PromptIds prompt =
          tokenizer.encode(tokens["text"][i].get<std::string>(), length);
      EXPECT_EQ(prompt.ids, wanted) << name << " " << tokens["text"][i];
    }
  }
}

TEST_P(SharedPipeline, TextEncodersLayerByLayer) {
  const Json& source = json_["source"];
  for (const char* number : {"", "_2"}) {
    const PromptReader& reader =
        this->reader("tokenizer" + std::string(number));
    const std::string name = "text/text_encoder" + std::string(number);
    if (!reader.clip || !has(name + "/hidden/0")) continue;
    const Tensor ids = ids_of({source[0].get<std::string>()}, reader, 77);
    EXPECT_TRUE(at::equal(ids, golden(name + "/ids").to(at::kLong)));
    KeepTap tap(networks_->sites);
    Pass pass(entries(1), &tap);
    const ClipTextOutput output = (*reader.clip)(ids, pass);
    for (size_t k = 0; k < output.hidden_BTD.size(); ++k)
      EXPECT_LE(error_of(output.hidden_BTD[k],
                         golden(fmt::format("{}/hidden/{}", name, k))),
                kBar);
    EXPECT_LE(error_of(output.last_BTD, golden(name + "/last_hidden_state")),
              kBar);
    const Tensor& pooled = output.text_embeds_BP.defined()
                               ? output.text_embeds_BP
                               : output.pooled_BD;
    EXPECT_LE(error_of(pooled, golden(name + "/pooled")), kBar);
  }
}

TEST_P(SharedPipeline, T5LayerByLayerAndAtFullLength) {
  if (!networks_->reader_2.t5) return;
  const T5Encoder& t5 = *networks_->reader_2.t5;
  const std::string text = json_["source"][0];
  const int64_t length = json_["max_sequence_length"];
  KeepTap tap(networks_->sites);
  Pass pass(entries(1), &tap);
  const Tensor last = t5(ids_of({text}, networks_->reader_2, length), pass);
  const std::string name = "text/text_encoder_2/hidden/";
  EXPECT_LE(error_of(tap.seen.at("text_encoder_2.shared"), golden(name + "0")),
            kBar);
  EXPECT_LE(error_of(tap.seen.at("text_encoder_2.encoder.block.0"),
                     golden(name + "1")),
            kBar);
  EXPECT_LE(error_of(last, golden(name + "2")), kBar);
  Pass plain(entries(1));
  const Tensor whole = t5(ids_of({text}, networks_->reader_2, 512), plain);
  const Tensor rows = at::tensor(json_["t5_512_rows"].get<Ids>(), at::kLong);
  EXPECT_LE(
      error_of(whole[0].index_select(0, rows), golden("text/t5_512_rows")),
      kRoundingBar);
}

TEST_P(SharedPipeline, PromptEmbeddings) {
  const auto& [reader, reader_2] =
      std::tie(networks_->reader, networks_->reader_2);
  Pass pass(entries(static_cast<int64_t>(prompts().size())));
  const ClipTextOutput first =
      (*reader.clip)(ids_of(prompts(), reader, 77), pass);
  Tensor embeds = first.last_BTD, pooled;
  if (reader_2.clip) {
    const ClipTextOutput second =
        (*reader_2.clip)(ids_of(prompts(), reader_2, 77), pass);
    const auto penultimate = [](const ClipTextOutput& output) {
      return output.hidden_BTD[output.hidden_BTD.size() - 2];
    };
    embeds = at::cat({penultimate(first), penultimate(second)}, -1);
    pooled = second.text_embeds_BP;
  } else if (reader_2.t5) {
    const int64_t length = json_["max_sequence_length"];
    embeds = (*reader_2.t5)(ids_of(prompts(), reader_2, length), pass);
    pooled = first.pooled_BD;
  }
  EXPECT_LE(error_of(embeds, golden("text/prompt_embeds")), kBar);
  if (pooled.defined())
    EXPECT_LE(error_of(pooled, golden("text/pooled_prompt_embeds")), kBar);
}

// The rows of a call: source[0], target[0].
FluxInput flux_input(const Tensor& latents,
                     const Tensor& prompts,
                     const Tensor& pooled,
                     const Tensor& time,
                     const Json& json) {
  const int64_t height = json["latent_size"][0].get<int64_t>() / 2;
  const int64_t width = json["latent_size"][1].get<int64_t>() / 2;
  const Tensor y = at::arange(height).view({-1, 1}).expand({-1, width});
  const Tensor x = at::arange(width).view({1, -1}).expand({height, -1});
  const Tensor zero = at::zeros_like(x);
  FluxInput input{.latents_BTC = latents,
                  .text_BLD = prompts,
                  .pooled_BD = pooled,
                  .time_B = time.expand({latents.size(0)})};
  input.text_ids_L3 = at::zeros({prompts.size(1), 3});
  input.image_ids_T3 = at::stack({zero, y, x}, -1).view({-1, 3});
  return input;
}

TEST_P(SharedPipeline, TransformerAtEverySite) {
  if (!is_flux()) return;
  const FluxTransformer& flux = *networks_->transformer;
  const Tensor both = at::tensor({0, 4}, at::kLong);
  const Tensor text = golden("text/prompt_embeds").index_select(0, both);
  const Tensor pooled =
      golden("text/pooled_prompt_embeds").index_select(0, both);
  const Tensor time = golden("transformer/timestep");
  const auto run = [&](int64_t rows, Tap* tap) {
    FluxInput input = flux_input(golden("transformer/in").narrow(0, 0, rows),
                                 text.narrow(0, 0, rows),
                                 pooled.narrow(0, 0, rows),
                                 time,
                                 json_);
    if (flux.config().has_guidance) input.guidance_B = at::full({rows}, 3.5);
    Pass pass(entries(rows), tap);
    return flux(input, pass);
  };
  EXPECT_LE(error_of(run(2, nullptr), golden("transformer/out")), kBar);
  KeepTap tap(networks_->sites);
  run(1, &tap);
  for (const Json& item : json_["activations"]["called"]) {
    const std::string name = item;
    if (name.find("time_text_embed.time_proj") != name.npos &&
        flux.config().has_guidance)
      continue;  // called twice: no site
    const SiteIndex site = networks_->sites.find(name);
    ASSERT_GE(site, 0) << name;
    const Tensor& got = tap.seen.at(networks_->sites[site].name);
    const Tensor wanted = golden("act/" + name);
    EXPECT_LE(error_of(got.view(wanted.sizes()), wanted), kBar) << name;
  }
  for (int i = 0; i < 2; ++i) {
    const std::string name =
        fmt::format("transformer.single_transformer_blocks.{}", i);
    EXPECT_TRUE(at::equal(
        tap.seen.at(name),
        at::cat({tap.seen.at(name + ":0"), tap.seen.at(name + ":1")}, 1)));
  }
}

// Modules without a row axis, or called several times, are no sites; nor are
// containers and dropout.
TEST_P(SharedPipeline, SitesAreModulesInTheirOrder) {
  for (const auto& [component, modules] : json_["modules"].items()) {
    size_t at = 0;
    const auto names = modules.get<std::vector<std::string>>();
    for (const std::string& site : networks_->sites.names()) {
      if (!site.starts_with(component + ".")) continue;
      const std::string bare = site.substr(component.size() + 1);
      const std::string module = bare.substr(0, bare.find(':'));
      while (at < names.size() && names[at] != module) ++at;
      ASSERT_LT(at, names.size()) << site;
    }
  }
}

// DMD2 ships one pickle to put in the place of SDXL's UNet.
TEST(SharedPipelines, APickleInThePlaceOfAUnet) {
  const std::string folder = testing::test_data("images") + "/sdxl";
  if (!is_pipeline_folder(folder + "/pipeline"))
    GTEST_SKIP() << testing::kNoTestData;
  const std::string path = folder + "/dmd2_unet_fp16.bin";
  const PipelineFolder files = open_pipeline_folder(
      folder + "/pipeline", {.replaced = {{"unet", path}}});
  EXPECT_EQ(files.at("unet").weights, path);
  const Checkpoint dmd2 = Checkpoint::of_file(files.at("unet").weights);
  const Checkpoint own = Checkpoint::of_file(
      open_pipeline_folder(folder + "/pipeline").at("unet").weights);
  EXPECT_EQ(dmd2.names(), own.names());
  EXPECT_EQ(dmd2.dtype(), at::kHalf);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    SharedPipeline,
    ::testing::Values("sdxl", "sd15", "flux-dev", "flux-schnell"),
    [](const auto& info) {
      std::string name = info.param;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace
}  // namespace lineas
