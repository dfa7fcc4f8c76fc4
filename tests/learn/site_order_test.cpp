#include "lineas/learn/site_order.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

using Names = std::vector<std::string>;

Names listed(const Names& names) {
  Names ordered;
  for (const size_t i : listed_order(names)) ordered.push_back(names[i]);
  return ordered;
}

// As UNet2DConditionModel.named_modules() gives them, and as
// StableDiffusionWithHooks.find_module_names sorts them.
TEST(SiteOrder, AUNetsMiddleComesBeforeItsWayUp) {
  EXPECT_EQ(listed({"unet.conv_in",
                    "unet.down_blocks.0.norm",
                    "unet.up_blocks.0.norm",
                    "unet.up_blocks.1.norm",
                    "unet.mid_block.norm1",
                    "unet.mid_block.norm2",
                    "unet.conv_norm_out"}),
            (Names{"unet.conv_in",
                   "unet.down_blocks.0.norm",
                   "unet.mid_block.norm1",
                   "unet.mid_block.norm2",
                   "unet.up_blocks.0.norm",
                   "unet.up_blocks.1.norm",
                   "unet.conv_norm_out"}));
}

TEST(SiteOrder, OthersStayAsTheyAre) {
  const Names layers{"model.layers.0.mlp", "model.layers.1.mlp", "model.norm"};
  EXPECT_EQ(listed(layers), layers);
  EXPECT_TRUE(listed({}).empty());
}

TEST(SiteOrder, OtherWordsAreRefused) {
  EXPECT_EQ(parse_site_order("listed"), SiteOrder::listed);
  testing::expect_error(ErrorKind::usage, {"--site-order", "sorted"}, [] {
    parse_site_order("sorted");
  });
}

}  // namespace
}  // namespace lineas
