// What the options of LinEAS mean: defaults that depend on one another, words
// out of range.
#include "lineas/learn/lineas_settings.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

TEST(Defaults, AreTheOptimizers) {
  const auto settings = [](const LineasOptions& options) {
    return parse_settings(options, {8, 8});
  };
  EXPECT_EQ(settings({.l1 = "1"}).steps, 1000);
  EXPECT_EQ(settings({.optimizer = "adam"}).steps, 1000);
  EXPECT_EQ(settings({.optimizer = "adam"}).lr, 1e-3);
  EXPECT_EQ(settings({.lr = 0.5}).lr, 0.5);
  EXPECT_TRUE(settings({}).chooses_rate);
  EXPECT_FALSE(settings({.lr = 0.5}).chooses_rate);
}

TEST(Defaults, KeepTheTextOfAModelThatGivesOne) {
  const auto settings = [](const LineasOptions& options, bool gives_text) {
    return parse_settings(options, {8, 8, gives_text});
  };
  const LineasSettings text = settings({}, true);
  EXPECT_TRUE(text.is_gentle);
  EXPECT_GT(text.keep, 0);
  EXPECT_LT(text.steps, 100);
  EXPECT_FALSE(text.chooses_optimizer);
  EXPECT_EQ(settings({.keep = "3"}, true).keep, 3);
  for (const auto& [options, gives_text] :
       {std::pair(LineasOptions{}, false),
        std::pair(LineasOptions{.keep = "0"}, true),
        std::pair(LineasOptions{.optimizer = "auto"}, true)}) {
    const LineasSettings fit = settings(options, gives_text);
    EXPECT_FALSE(fit.is_gentle);
    EXPECT_TRUE(fit.chooses_optimizer);
    EXPECT_EQ(fit.keep, 0);
    EXPECT_EQ(fit.steps, 185);
  }
  for (const char* published : {"adam", "sgd"})
    EXPECT_EQ(settings({.optimizer = published}, true).keep, 0);
  EXPECT_TRUE(settings({.l1 = "1"}, true).is_proximal);
  EXPECT_EQ(settings({.l1 = "1"}, true).keep, 0);
}

TEST(Defaults, WhatIsKeptOnPicturesIsAskedFor) {
  const LineasSettings settings =
      parse_settings({.keep = "2"}, {8, 8, /*gives_text=*/false});
  EXPECT_TRUE(settings.is_gentle);
  EXPECT_EQ(settings.keep, 2);
}

TEST(Damage, IsOfRunsThatKeepTheText) {
  EXPECT_GT(parse_settings({}, {8, 8, true}).damage, 0);
  EXPECT_EQ(parse_settings({.optimizer = "adam"}, {8, 8, true}).damage, 0);
  testing::expect_error(ErrorKind::usage, {"--damage", "-1"}, [] {
    parse_settings({.damage = -1}, {8, 8});
  });
}

TEST(Keep, WordsOutOfRangeAreRefused) {
  for (const char* text : {"-1", "much", "", "nan", "1e39", "inf"})
    testing::expect_error(ErrorKind::usage, {"--keep", text}, [&] {
      parse_settings({.keep = text}, {8, 8});
    });
}

TEST(Defaults, APenaltyIsProximalWhereStepsDrawNothing) {
  const auto is_proximal = [](const LineasOptions& options,
                              int64_t targets = 8) {
    const LineasSettings settings = parse_settings(options, {8, targets});
    EXPECT_EQ(settings.advice().find("--lr") == std::string::npos,
              settings.is_proximal);
    return settings.is_proximal;
  };
  EXPECT_TRUE(is_proximal({.l1 = "1"}));
  EXPECT_TRUE(is_proximal({.support_budget = "1%"}));
  EXPECT_TRUE(is_proximal({.l1 = "1", .batch = 8})) << "all of them";
  EXPECT_FALSE(is_proximal({}));
  EXPECT_FALSE(is_proximal({.l1 = "1", .batch = 4}));
  EXPECT_TRUE(is_proximal({.l1 = "1"}, 7));
  EXPECT_FALSE(is_proximal({.l1 = "1", .ot_match = "subsample"}, 7));
  EXPECT_TRUE(is_proximal({.l1 = "1", .ot_match = "subsample"}, 8))
      << "equal counts draw nothing";
  EXPECT_FALSE(is_proximal({.optimizer = "adam", .l1 = "1"}));
}

TEST(SupportBudget, WordsOutOfRangeAreRefused) {
  for (const char* text : {"0", "101%", "few", "", "-1%", "nan"}) {
    LineasOptions options;
    options.support_budget = text;
    testing::expect_error(ErrorKind::usage, {"--support-budget"}, [&] {
      parse_settings(options, {8, 8});
    });
  }
}

TEST(SupportBudget, CountsWholeNeurons) {
  const auto budget = [](const char* text, int64_t neurons) {
    return parse_settings({.support_budget = text}, {8, 8}).budget_of(neurons);
  };
  EXPECT_EQ(budget("29%", 100), 29) << "0.29 * 100 is less in floating point";
  EXPECT_EQ(budget("58%", 100), 58);
  EXPECT_EQ(budget("29.9%", 100), 29) << "at most so many";
  EXPECT_EQ(budget("30%", 15), 4);
  EXPECT_EQ(budget("1%", 15), 1) << "or none would be asked for";
}

}  // namespace
}  // namespace lineas
