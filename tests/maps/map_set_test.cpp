#include "lineas/maps/map_set.h"

#include <gtest/gtest.h>

#include "lineas/maps/affine_map.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;

TEST(MapSet, WordsGoThereAndBack) {
  for (const char* text : {"all", "last", "avg"})
    EXPECT_EQ(to_string(parse_position(text)), text);
  for (const char* text : {"all", "prompt", "generated", "from:0", "last:12"})
    EXPECT_EQ(to_string(parse_token_scope(text)), text);
  for (const char* text : {"both", "conditional", "unconditional"})
    EXPECT_EQ(to_string(parse_guidance(text)), text);
}

TEST(MapSet, RefusesOtherWords) {
  for (const char* text :
       {"", "every", "from", "from:", "from:-1", "from:x", "last:0", "all:1"})
    expect_error(ErrorKind::usage, {fmt::format("\"{}\"", text)}, [&] {
      parse_token_scope(text);
    });
  expect_error(ErrorKind::usage, {"middle"}, [] { parse_position("middle"); });
  expect_error(ErrorKind::usage, {"half"}, [] { parse_guidance("half"); });
}

TEST(MapList, FindsMapsInTheirOrderAndRefusesASecondOne) {
  MapSet set;
  for (const MapKey& key : {MapKey("b"), MapKey("a", 1), MapKey("a")})
    set.maps.add(key, AffineMap::identity(3));
  EXPECT_EQ(set.maps[0].first, "b");
  EXPECT_EQ(set.find({"a", 1}), &set.maps[1].second);
  EXPECT_EQ(set.find("a"), &set.maps[2].second);
  EXPECT_EQ(set.find({"b", 1}), nullptr);
  expect_error(ErrorKind::usage, {"a@1", "two maps"}, [&] {
    set.maps.add({"a", 1}, AffineMap::identity(3));
  });
  MapSet copy;
  copy = set;
  EXPECT_EQ(copy.find("a"), &copy.maps[2].second);
}

TEST(AffineMap, CountsTheNeuronsItMoves) {
  AffineMap map = AffineMap::identity(4);
  EXPECT_EQ(moved_neurons(map).sum().item<int64_t>(), 0);
  map.scale_D[1] = 0.5;
  map.shift_D[1] = 1;
  map.shift_D[2] = -2e-5;
  map.scale_D[3] = 1 + 5e-6;
  EXPECT_EQ(moved_neurons(map).sum().item<int64_t>(), 2);
}

}  // namespace
}  // namespace lineas
