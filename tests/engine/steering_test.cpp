// Maps as users ask for them, and what learning does with prompt lists. Covers
// lineas/engine/prompt_sides.h.
#include "lineas/engine/steering.h"

#include "lineas/engine/prompt_sides.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::expect_error;

class LoadSteering : public ::testing::Test {
 protected:
  void SetUp() override {
    sites_.add("unet.norm", 2);
    MapSet set;
    set.maps.add("unet.norm", AffineMap{at::ones({2}), at::ones({2})});
    set.provenance = {{"method", "test"}};
    write_map_set(path(), set);
  }
  std::string path() const { return folder_ / "m.safetensors"; }
  MapHost host(int steps, bool is_denoised) const {
    return {.sites = sites_, .steps = steps, .is_denoised = is_denoised};
  }

  testing::TempFolder folder_;
  SiteTable sites_;
};

TEST_F(LoadSteering, APartOfTheDenoisingIsForPictures) {
  const SteerRequest request{.spec = path() + ":0.5@0-0.5"};
  const Steering steering = load_steering(request, host(4, true));
  EXPECT_EQ(steering.strength, 0.5);
  EXPECT_EQ(steering.set.maps.size(), 2U);
  expect_error(ErrorKind::usage, {"@0-0.5", "pictures"}, [&] {
    load_steering(request, host(1, false));
  });
}

TEST_F(LoadSteering, APartWithoutAStepDoesNothingAndSaysSo) {
  testing::LogCapture log;
  const Steering steering =
      load_steering({.spec = path() + ":1@0.3-0.31"}, host(2, true));
  EXPECT_TRUE(steering.set.maps.empty());
  ASSERT_EQ(log.messages.size(), 1U);
  EXPECT_NE(log.messages[0].find("does nothing"), std::string::npos);
}

TEST_F(LoadSteering, RulesOfTheUserReplaceThoseOfTheFile) {
  const Steering steering = load_steering(
      {.spec = path(), .guidance = Guidance::unconditional}, host(1, true));
  EXPECT_EQ(steering.set.rules.guidance, Guidance::unconditional);
}

TEST_F(LoadSteering, StrengthsOutsideAreAskedForExplicitly) {
  const SteerRequest request{.spec = path() + ":1.5"};
  expect_error(ErrorKind::usage, {"1.5", "--allow-any-strength"}, [&] {
    load_steering(request, host(1, true));
  });
  SteerRequest allowed = request;
  allowed.allow_any_strength = true;
  EXPECT_EQ(load_steering(allowed, host(1, true)).strength, 1.5);
}

TEST(PromptSides, TakesTheFirstAndDescribesThem) {
  const PromptSet prompts{.texts = {"a", "b", "c"}, .name = "list"};
  EXPECT_EQ(taken(prompts, 2).texts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(taken(prompts, 0).size(), 3U);
  expect_error(
      ErrorKind::usage, {"--take 4", "list"}, [&] { taken(prompts, 4); });
  const Json described = describe_prompts(prompts);
  EXPECT_EQ(described["count"], 3);
  EXPECT_EQ(described["name"], "list");
  EXPECT_EQ(described["hash"], content_hash(prompts));
}

}  // namespace
}  // namespace lineas
