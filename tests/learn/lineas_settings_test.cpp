// What the options of LinEAS mean: defaults that depend on one another, words
// out of range.
#include "lineas/learn/lineas_settings.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

TEST(Defaults, AreTheOptimizers) {
  const auto settings = [](const LineasOptions& options) {
    return parse_settings(options, 8);
  };
  EXPECT_EQ(settings({.l1 = "1"}).steps, 1000);
  EXPECT_EQ(settings({.optimizer = "adam"}).steps, 1000);
  EXPECT_EQ(settings({.optimizer = "adam"}).lr, 1e-3);
  EXPECT_EQ(settings({.lr = 0.5}).lr, 0.5);
  EXPECT_TRUE(settings({}).chooses_rate);
  EXPECT_FALSE(settings({.lr = 0.5}).chooses_rate);
}

TEST(Defaults, APenaltyIsProximalWhereStepsDrawNothing) {
  const auto is_proximal = [](const LineasOptions& options) {
    const LineasSettings settings = parse_settings(options, 8);
    EXPECT_EQ(settings.advice().find("--lr") == std::string::npos,
              settings.is_proximal);
    return settings.is_proximal;
  };
  EXPECT_TRUE(is_proximal({.l1 = "1"}));
  EXPECT_TRUE(is_proximal({.support_budget = "1%"}));
  EXPECT_TRUE(is_proximal({.l1 = "1", .batch = 8})) << "all of them";
  EXPECT_FALSE(is_proximal({}));
  EXPECT_FALSE(is_proximal({.l1 = "1", .batch = 4}));
  EXPECT_FALSE(is_proximal({.l1 = "1", .ot_match = "subsample"}));
  EXPECT_FALSE(is_proximal({.optimizer = "adam", .l1 = "1"}));
}

TEST(SupportBudget, WordsOutOfRangeAreRefused) {
  for (const char* text : {"0", "101%", "few", "", "-1%", "nan"}) {
    LineasOptions options;
    options.support_budget = text;
    testing::expect_error(ErrorKind::usage, {"--support-budget"}, [&] {
      parse_settings(options, 8);
    });
  }
}

}  // namespace
}  // namespace lineas
