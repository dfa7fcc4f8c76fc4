#include "lineas/maps/step_window.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

AffineMap map(float shift) {
  return {at::ones({2}), at::full({2}, shift)};
}

std::vector<std::string> keys(const MapSet& set) {
  std::vector<std::string> keys;
  for (const auto& [key, map] : set.maps) keys.push_back(to_string(key));
  return keys;
}

TEST(StepWindow, AMapOfAllStepsBecomesOneForEachStepInside) {
  MapSet set;
  set.maps.add("a", map(1));
  set.rules.guidance = Guidance::conditional;
  // Middles of four steps: 0.125, 0.375, 0.625, 0.875.
  const MapSet part = within(set, {0.2, 0.7}, 4);
  EXPECT_EQ(keys(part), (std::vector<std::string>{"a@1", "a@2"}));
  EXPECT_EQ(part.rules, set.rules);
  EXPECT_EQ(keys(within(set, {}, 4)), keys(set));
  EXPECT_TRUE(within(set, {0.4, 0.6}, 4).maps.empty());
}

TEST(StepWindow, MapsOfSingleStepsOutsideAreLeftOut) {
  MapSet set;
  set.maps.add({"a", 0}, map(1));
  set.maps.add({"a", 3}, map(2));
  const MapSet part = within(set, {0.5, 1}, 4);
  ASSERT_EQ(keys(part), (std::vector<std::string>{"a@3"}));
  EXPECT_EQ(part.maps[0].second.shift_D[0].item<float>(), 2);
}

TEST(StepWindow, IsReadBehindTheStrength) {
  const MapSpec spec = parse_map_spec("m.safetensors:0.6@0.2-0.8");
  EXPECT_EQ(spec.path, "m.safetensors");
  EXPECT_EQ(spec.strength, 0.6);
  EXPECT_EQ(spec.window.begin, 0.2);
  EXPECT_EQ(spec.window.end, 0.8);
  EXPECT_TRUE(parse_map_spec("m:0.6").window.is_everything());
  for (const char* none : {"m:1@0.8-0.2", "m:1@-0.1-0.5", "m:1@0.5-1.5"})
    testing::expect_error(
        ErrorKind::usage, {none}, [&] { parse_map_spec(none); });
}

}  // namespace
}  // namespace lineas
