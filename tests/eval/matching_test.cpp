// Held-out matching: distances that can be worked out by hand, and that the
// floor, no map and a map of the right kind come out in order.
#include "lineas/eval/matching.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace lineas {
namespace {

const Engine& engine() {
  static const Engine instance("tinytown", {.device = "cpu"});
  return instance;
}

PromptSet list(const char* subset, size_t count) {
  PromptSet prompts = read_prompts(
      fmt::format("{}/eval/prompts.json#{}", engine().folder(), subset));
  prompts.texts.resize(count);
  return prompts;
}

TEST(MatchingLoss, IsTheMeanSquaredDistanceOfSortedSamples) {
  const Tensor from_ND = at::tensor({2.0F, 0.0F}).view({2, 1});
  const Tensor to_ND = at::tensor({1.0F, 5.0F}).view({2, 1});
  EXPECT_NEAR(matching_loss({from_ND}, {to_ND}), (1 + 9) / 2.0, 1e-6);
  EXPECT_NEAR(matching_loss({from_ND}, {from_ND}), 0, 1e-9);
}

TEST(HeldOutMatching, TheSameToneIsAtTheFloorAndRudeIsNot) {
  const HeldOutMatching matching(
      engine(), list("rude", 32), list("neutral", 64), ".*norm.*");
  EXPECT_GT(matching.without(), 1.5 * matching.floor());
  SteerTap idle(engine().model().sites(), {});
  EXPECT_NEAR(matching.loss(idle), matching.without(), 1e-6);
  EXPECT_NEAR(matching.remaining(matching.without()), 1, 1e-9);
  EXPECT_NEAR(matching.remaining(matching.floor()), 0, 1e-9);
}

TEST(HeldOutMatching, NeedsTwoHalves) {
  testing::expect_error(ErrorKind::usage, {"two halves"}, [&] {
    HeldOutMatching(engine(), list("rude", 2), list("neutral", 1), ".*norm.*");
  });
}

}  // namespace
}  // namespace lineas
