#include "lineas/engine/picture_memory.h"

#include <gtest/gtest.h>

#include "lineas/learn/map_loss.h"
#include "lineas/tensor/allocated.h"

namespace lineas {
namespace {

constexpr const char* kSites = "unet.*norm.*";
// Of the measured peak.
constexpr double kBar = 0.2;

class MemoryPlan : public ::testing::Test {
 protected:
  MemoryQuestion question(const PictureSize& size, int64_t rows) const {
    MemoryQuestion question{
        .calls = 2, .sites = kSites, .match = kSites, .rows = rows};
    question.settings.size = size;
    question.settings.sampler.steps = 3;
    return question;
  }

  // What a step of that many rows really holds at once.
  double peak(const PictureSize& size, int64_t rows, bool by_layer) const {
    AllocationCount count;
    const MemoryQuestion asked = question(size, rows);
    PictureRows all{.prompts = {"a red cat", "dog"}, .seeds = {0}};
    std::vector<int64_t> sources;
    for (int64_t i = 0; i < rows; ++i) {
      sources.push_back(i);
      all.rows.push_back({0, 0});
    }
    all.rows.push_back({1, 0});
    PictureDrive drive(
        model_, asked.settings, all, {.calls = 2, .cuts_calls = by_layer});
    const Problem problem{.drive = drive,
                          .source_rows = sources,
                          .target_rows = {rows},
                          .map_places = drive.places(kSites),
                          .match_places = drive.places(kSites, true)};
    AffineParameters parameters(model_.sites(), problem.map_places);
    MapLoss loss(problem, parameters, {.response = {.by_segment = by_layer}});
    const int64_t before = count.restart();
    loss.evaluate(sources, 0);
    return static_cast<double>(count.peak() - before);
  }

  const PictureModel model_{LINEAS_SOURCE_DIR
                            "/tests/golden/data/pipelines/sdxl",
                            {.dtype = at::kFloat}};
};

TEST_F(MemoryPlan, IsNearThePeakAtAnySize) {
  for (const PictureSize size : {PictureSize{32, 32}, PictureSize{96, 64}}) {
    const PictureMemory memory = measure_memory(model_, question(size, 3));
    for (const bool by_layer : {false, true}) {
      const double measured = peak(size, 3, by_layer);
      EXPECT_NEAR(memory.needs(size, by_layer), measured, kBar * measured)
          << size.height << " " << by_layer;
    }
  }
}

TEST_F(MemoryPlan, ALayerAtATimeTakesLess) {
  const PictureSize size{64, 64};
  EXPECT_LT(peak(size, 2, true), 0.45 * peak(size, 2, false));
}

TEST(DescribeMemory, SaysWhatToSwitchOn) {
  const PictureMemory memory{.weight_bytes = 5'000'000'000,
                             .rows = 32,
                             .whole = {.pixel = 10'000},
                             .by_layer = {.pixel = 1'000}};
  const PictureSize size{1024, 1024};
  const std::string text = describe_memory(memory, size, false, 20'000'000'000);
  EXPECT_NE(text.find("340.5 GB at 1024x1024"), std::string::npos) << text;
  EXPECT_NE(text.find("--recompute on --micro-batch 19"), std::string::npos)
      << text;
  const std::string small = describe_memory(memory, {64, 64}, false, 0);
  EXPECT_NE(small.find("at 512, 340.5 GB at 1024"), std::string::npos) << small;
  EXPECT_EQ(small.find("free"), std::string::npos);
}

}  // namespace
}  // namespace lineas
