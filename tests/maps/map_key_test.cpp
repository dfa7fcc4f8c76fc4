// Keys of maps and their text.
#include "lineas/maps/map_key.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

TEST(MapKey, TextMayEndInAStep) {
  EXPECT_EQ(parse_map_key("unet.mid").site, "unet.mid");
  EXPECT_FALSE(parse_map_key("unet.mid").step);
  EXPECT_EQ(parse_map_key("unet.mid@3").site, "unet.mid");
  EXPECT_EQ(*parse_map_key("unet.mid@3").step, 3);
  EXPECT_FALSE(parse_map_key("unet@mid").step);
  EXPECT_EQ(parse_map_key("a:0@03"), MapKey("a", 3));
  EXPECT_EQ(parse_map_key("a:1"), MapKey("a:1"));
  for (const MapKey& key : {MapKey("a"), MapKey("a:1"), MapKey("a", 12)})
    EXPECT_EQ(parse_map_key(to_string(key)), key);
}

TEST(MapKey, HalvesOfSingleBlocksKeepTheirNumber) {
  const std::string block = "transformer.single_transformer_blocks.11";
  EXPECT_EQ(parse_map_key(block + ":0").site, block + ":0");
  EXPECT_EQ(parse_map_key(block + ":0@2"), MapKey(block + ":0", 2));
  EXPECT_EQ(parse_map_key(block).site, block);
  EXPECT_EQ(parse_map_key(block + ".norm:0").site, block + ".norm");
}

TEST(MapKey, IsAPlaceByName) {
  SiteTable sites;
  sites.add("a", 3);
  sites.add("b", 4);
  EXPECT_EQ(key_of({1}, sites), MapKey("b"));
  EXPECT_EQ(key_of({1, 2}, sites), MapKey("b", 2));
}

}  // namespace
}  // namespace lineas
