// A whole pipeline from a folder of the project's own. Covers
// lineas/pipelines/denoiser.h and lineas/pipelines/prompt_encoder.h; numbers of
// every stage are held in picture_drive_test.cpp.
#include "lineas/pipelines/picture_model.h"

#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;

class TinyPipeline : public ::testing::Test {
 protected:
  const PictureModel model_{LINEAS_SOURCE_DIR
                            "/tests/golden/data/pipelines/sdxl",
                            {.dtype = at::kFloat}};
};

TEST_F(TinyPipeline, SizesFollowTheLatents) {
  const auto own = make_denoiser(model_.networks(), {});
  EXPECT_EQ(own->size().height, 16);
  EXPECT_EQ(own->shape().drawn(), (std::vector<int64_t>{4, 8, 8}));
  const auto wide = make_denoiser(model_.networks(), {.size = {12, 20}});
  EXPECT_EQ(wide->shape().drawn(), (std::vector<int64_t>{4, 6, 10}));
  expect_error(ErrorKind::usage, {"multiple of 2"}, [&] {
    make_denoiser(model_.networks(), {.size = {15, 16}});
  });
}

TEST_F(TinyPipeline, PackedLatentsComeBack) {
  const LatentShape shape{4, 6, 8, true};
  const Tensor x = at::arange(2 * 4 * 6 * 8).view({2, 4, 6, 8});
  const Tensor packed = pack_latents(x);
  EXPECT_EQ(packed.sizes(), (at::IntArrayRef{2, 12, 16}));
  EXPECT_TRUE(at::equal(unpack_latents(packed, shape), x));
}

TEST_F(TinyPipeline, BothEncodersReadAPrompt) {
  const PromptEncoder encoder(model_.networks(), model_.index());
  const PromptEmbeddings both = encoder.encode({"a red cat", "red"});
  EXPECT_EQ(both.text_BLD.sizes(), (at::IntArrayRef{2, 77, 20}));
  EXPECT_EQ(both.pooled_BD.sizes(), (at::IntArrayRef{2, 12}));
  const PromptEmbeddings alone = encoder.encode({"red"});
  EXPECT_LE(error_of(both.text_BLD[1], alone.text_BLD[0]), 1e-6);
  // Without a negative prompt SDXL is told nothing at all.
  EXPECT_EQ(encoder.encode_nothing().text_BLD.abs().max().item<float>(), 0);
  const PromptEncoder skipping(
      model_.networks(), model_.index(), {.clip_skip = 1});
  EXPECT_GT(error_of(skipping.encode({"red"}).text_BLD, alone.text_BLD), 1e-3);
  expect_error(ErrorKind::usage, {"clip"}, [&] {
    PromptEncoder(model_.networks(), model_.index(), {.clip_skip = 9});
  });
}

TEST_F(TinyPipeline, PicturesAreDecodedOneByOne) {
  const auto denoiser = make_denoiser(model_.networks(), {});
  const Tensor latents = at::randn({2, 4, 8, 8});
  const Tensor both = model_.decode(latents, denoiser->shape());
  EXPECT_EQ(both.sizes(), (at::IntArrayRef{2, 3, 16, 16}));
  EXPECT_GE(both.min().item<float>(), 0);
  EXPECT_LE(both.max().item<float>(), 1);
  EXPECT_TRUE(at::equal(
      model_.decode(latents.narrow(0, 1, 1), denoiser->shape())[0], both[1]));
}

TEST_F(TinyPipeline, TheFoldersSchedulerServesUnlessAnotherIsAskedFor) {
  const LatentShape shape{4, 8, 8};
  const auto own = model_.make_scheduler({.steps = 3}, shape);
  EXPECT_EQ(own->timesteps(), (std::vector<double>{999, 666, 332}));
  const auto lcm = model_.make_scheduler(
      {.scheduler = "lcm", .timesteps = {999, 499}}, shape);
  EXPECT_EQ(lcm->timesteps(), (std::vector<double>{999, 499}));
}

}  // namespace
}  // namespace lineas
