// Learning on pictures in pieces: layers, denoising steps and micro-batches
// give the gradient of the whole. Covers lineas/engine/learn_picture_maps.h
// without outside data.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lineas/engine/learn_picture_maps.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;

const PictureEngine& engine() {
  static const PictureEngine engine(
      LINEAS_SOURCE_DIR "/tests/golden/data/pipelines/sdxl",
      PictureEngineOptions{{.device = "cpu", .dtype = "float32"}});
  return engine;
}

PictureLearnRequest request() {
  PictureLearnRequest request;
  request.source = {.texts = {"a red cat", "red", "a cat", "the cat", "cats"}};
  request.target = {.texts = {"a dog", "dog", "one dog", "the dog", "dogs"}};
  request.settings.sampler.steps = 3;
  request.denoise_steps = 2;
  request.options = {{"optimizer", "sgd"}, {"lr", 1}, {"steps", 3}};
  return request;
}

MapSet learned(const PictureLearnRequest& request) {
  Progress silent;
  return learn_maps(engine(), request, silent);
}

void expect_same(const MapSet& got, const MapSet& wanted) {
  ASSERT_EQ(got.maps.size(), wanted.maps.size());
  for (const auto& [key, map] : wanted.maps) {
    const AffineMap* other = got.find(key);
    ASSERT_NE(other, nullptr) << to_string(key);
    const double size = (map.scale_D - 1).abs().max().item<double>() +
                        map.shift_D.abs().max().item<double>();
    EXPECT_LE((other->scale_D - map.scale_D).abs().max().item<double>(),
              1e-3 * size + 1e-7)
        << to_string(key);
    EXPECT_LE((other->shift_D - map.shift_D).abs().max().item<double>(),
              1e-3 * size + 1e-7)
        << to_string(key);
  }
}

class Recompute : public ::testing::TestWithParam<const char*> {
 protected:
  PictureLearnRequest of_kind() const {
    PictureLearnRequest asked = request();
    const std::string kind = GetParam();
    if (kind == "per_step") asked.per_step = true;
    if (kind == "guided") {
      asked.settings.cfg_scale = 2;
      asked.settings.negative = "red";
    }
    if (kind == "text_encoder") asked.sites = ".*norm1|.*layer_norm1";
    if (kind == "some_sites")
      asked.sites = R"(unet\.(mid|up).*norm2|unet\.time.*linear_1)";
    if (kind == "remembering") asked.settings.sampler.scheduler = "dpm++2m";
    return asked;
  }
};

TEST_P(Recompute, OfLayersGivesTheGradientOfTheWhole) {
  PictureLearnRequest asked = of_kind();
  const MapSet whole = learned(asked);
  asked.recomputes = true;
  expect_same(learned(asked), whole);
}

TEST_P(Recompute, GoesTogetherWithMicroBatches) {
  PictureLearnRequest asked = of_kind();
  const MapSet whole = learned(asked);
  asked.options["micro-batch"] = 1;
  expect_same(learned(asked), whole);
  asked.recomputes = true;
  expect_same(learned(asked), whole);
}

INSTANTIATE_TEST_SUITE_P(Kinds,
                         Recompute,
                         ::testing::Values("plain",
                                           "per_step",
                                           "guided",
                                           "text_encoder",
                                           "some_sites",
                                           "remembering"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

TEST(LearnPictureMaps, LayerWiseFitsGoLayerByLayerToo) {
  PictureLearnRequest asked = request();
  asked.method = "mean-act";
  asked.options = Json::object();
  const MapSet whole = learned(asked);
  asked.recomputes = true;
  expect_same(learned(asked), whole);
}

TEST(LearnPictureMaps, SitesThatNoStepComesByAreLeftOut) {
  PictureLearnRequest asked = request();
  asked.sites = ".*norm1|.*layer_norm1";
  asked.per_step = true;
  std::vector<std::string> text;
  for (const auto& [key, map] : learned(asked).maps) {
    EXPECT_FALSE(key.site.starts_with("vae")) << key.site;
    if (key.site.starts_with("text_encoder.")) text.push_back(to_string(key));
  }
  // Prompts are encoded once.
  ASSERT_EQ(text.size(), 3U);
  EXPECT_TRUE(text[0].ends_with("@0")) << text[0];
  asked.sites = "vae.*norm.*";
  testing::expect_error(
      ErrorKind::not_found, {"vae.", "norm"}, [&] { learned(asked); });
}

}  // namespace
}  // namespace lineas
