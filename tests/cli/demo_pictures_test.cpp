#include "lineas/cli/demo_pictures.h"

#include "lineas/maps/map_set.h"
#include "lineas/picture/png.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

TEST(DemoPictures, WritesMapAndStripAndSaysWhatTheOracleReads) {
  const testing::TempFolder folder;
  PictureDemo demo{.map = folder / "map.safetensors",
                   .strip = folder / "strip.png",
                   .steps = 2,
                   .measured = 2};
  demo.model.threads = 1;
  ::testing::internal::CaptureStdout();
  demo_pictures(demo);
  const std::string said = ::testing::internal::GetCapturedStdout();
  EXPECT_FALSE(read_map_set(demo.map).maps.empty());
  const PngFile strip = read_png(demo.strip);
  EXPECT_GT(strip.picture.width, 4 * strip.picture.height);
  EXPECT_NE(strip.text(kRecipeKeyword).find("tinydraw"), std::string::npos);
  for (const char* words :
       {"32 prompts", "objects and background kept", "image -m tinydraw"})
    EXPECT_NE(said.find(words), std::string::npos) << said;
}

}  // namespace
}  // namespace lineas
