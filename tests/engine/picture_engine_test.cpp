// A picture model in one place, and runs of it. Covers
// lineas/engine/picture_run.h.
#include "lineas/engine/picture_engine.h"

#include "lineas/engine/picture_run.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;

std::string pipeline() {
  return LINEAS_SOURCE_DIR "/tests/golden/data/pipelines/sdxl";
}

class Pictures : public ::testing::Test {
 protected:
  PictureRequest request() const {
    PictureRequest request{.prompts = {"a red cat"}};
    request.settings.sampler.steps = 3;
    return request;
  }
  Steering steering(float shift) const {
    MapSet set;
    set.maps.add("unet.conv_norm_out",
                 AffineMap{at::ones({8}), at::full({8}, shift)});
    return {set};
  }

  const PictureEngine engine_{
      pipeline(), PictureEngineOptions{{.device = "cpu", .dtype = "float32"}}};
};

TEST_F(Pictures, AreToldFromTexts) {
  EXPECT_TRUE(is_picture_model(pipeline()));
  EXPECT_FALSE(is_picture_model("tinytown"));
  expect_error(ErrorKind::usage, {"model_index.json"}, [] {
    PictureEngine("tinytown");
  });
  expect_error(ErrorKind::usage, {"l.jsonl", "ids"}, [] {
    picture_texts({.ids = {{1}}, .path = "l.jsonl"});
  });
}

TEST_F(Pictures, ArePlanned) {
  const PictureEngine::Plan plan = engine_.plan(request().settings);
  EXPECT_EQ(plan.steps, 3);
  EXPECT_EQ(plan.size.width, 16);
  EXPECT_EQ(plan.timesteps, (std::vector<double>{999, 666, 332}));
  EXPECT_EQ(plan.scheduler, "EulerDiscreteScheduler");
  EXPECT_EQ(engine_.identity()["architecture"], "StableDiffusionXLPipeline");
}

TEST_F(Pictures, AreHandedOutOneByOne) {
  PictureRequest asked = request();
  asked.samples = 3;
  asked.batch = 2;
  asked.seed = 5;
  std::vector<uint64_t> seeds;
  std::pair<int64_t, int64_t> calls;
  asked.on_picture = [&](const MadePicture& made) {
    seeds.push_back(made.seed);
    EXPECT_EQ(made.picture_3HW.sizes(), (at::IntArrayRef{3, 16, 16}));
  };
  asked.on_step = [&](int64_t done, int64_t total) { calls = {done, total}; };
  EXPECT_EQ(run_pictures(engine_, asked).size(), 3U);
  EXPECT_EQ(seeds, (std::vector<uint64_t>{5, 6, 7}));
  EXPECT_EQ(calls, (std::pair<int64_t, int64_t>{6, 6}));
}

TEST_F(Pictures, OfACancelledRunStayWhereTheyAreFinished) {
  PictureRequest asked = request();
  asked.samples = 3;
  asked.batch = 1;
  int calls = 0;
  asked.is_cancelled = [&] { return ++calls > 5; };
  EXPECT_EQ(run_pictures(engine_, asked).size(), 1U);
}

TEST_F(Pictures, RowsOfABatchHaveStrengthsOfTheirOwn) {
  PictureRequest asked = request();
  asked.steerings = {steering(0.5)};
  asked.strengths = {0, 0.5, 1};
  asked.keeps_latents = true;
  const auto made = run_pictures(engine_, asked);
  ASSERT_EQ(made.size(), 3U);
  for (size_t s = 0; s < 3; ++s) {
    asked.strengths = {1};
    asked.steerings = {steering(0.5)};
    asked.steerings[0].strength = 0.5 * static_cast<double>(s);
    const auto alone = run_pictures(engine_, asked);
    EXPECT_LE(error_of(made[s].picture_3HW, alone[0].picture_3HW), 1e-5) << s;
    ASSERT_EQ(made[s].latents.size(), 4U);
    EXPECT_TRUE(at::equal(made[s].latents[0], made[0].latents[0]));
  }
  EXPECT_GT(error_of(made[2].picture_3HW, made[0].picture_3HW), 0.01);
}

TEST_F(Pictures, ThatAreNotFiniteFailAloneAndNameTheSite) {
  PictureRequest asked = request();
  asked.steerings = {steering(3e38F)};
  asked.strengths = {0, 1};
  const auto made = run_pictures(engine_, asked);
  EXPECT_TRUE(made[0].error.empty());
  EXPECT_NE(made[1].error.find("site \"unet."), std::string::npos)
      << made[1].error;
  expect_error(ErrorKind::numeric, {"picture 2", "bfloat16"}, [&] {
    check_none_failed(made);
  });
}

TEST_F(Pictures, OfWrongNumbersAreRefused) {
  PictureRequest asked = request();
  asked.samples = 0;
  expect_error(
      ErrorKind::usage, {"0 samples"}, [&] { run_pictures(engine_, asked); });
}

TEST(ToBytes, RoundsHalvesToEven) {
  const Tensor picture =
      at::tensor({0.0, 0.5 / 255, 1.5 / 255, 1.0}, at::kDouble)
          .view({1, 1, 4})
          .expand({3, 1, 4})
          .contiguous();
  const Picture bytes = to_bytes(picture);
  EXPECT_EQ(bytes.width, 4);
  EXPECT_EQ(bytes.row(0)[0], 0);
  EXPECT_EQ(bytes.row(0)[3], 0);
  EXPECT_EQ(bytes.row(0)[6], 2);
  EXPECT_EQ(bytes.row(0)[9], 255);
}

}  // namespace
}  // namespace lineas
