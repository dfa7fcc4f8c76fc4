// What a run tries next, told without a model: the stages given where the maps
// stand.
#include "lineas/learn/trial.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

struct Maps {
  Maps() {
    SiteTable table;
    table.add("a", 4);
    parameters.emplace(table, std::vector{Place{0}});
  }
  // The shifts of so many neurons moved, the rest at the identity.
  void move(int64_t neurons, double by = 1) {
    parameters->values().copy_(parameters->identity());
    parameters->values().narrow(0, 4, neurons).fill_(by);
  }
  std::optional<AffineParameters> parameters;
};

LineasSettings settings_of(LineasOptions options) {
  return parse_settings(options, {.source = 4, .target = 4});
}

TEST(LearnStage, IsOneTrialOfAllSteps) {
  Maps maps;
  const auto settings =
      settings_of({.optimizer = "sgd", .steps = 7, .l1 = "2,3"});
  const auto stage = learn_stage(settings);
  Standing here{*maps.parameters};
  const auto trial = stage->first(here);
  ASSERT_TRUE(trial);
  EXPECT_EQ(trial->steps, 7);
  EXPECT_EQ(trial->penalty.l1_scale, 2);
  EXPECT_EQ(trial->penalty.l1_shift, 3);
  EXPECT_FALSE(trial->free_P.defined());
  EXPECT_FALSE(stage->next(here));
}

TEST(SearchStage, TriesPenaltiesUntilTheBudgetIsMet) {
  Maps maps;
  const auto settings =
      settings_of({.optimizer = "sgd", .steps = 80, .support_budget = "50%"});
  SupportSearch search(2, 0.5);
  const auto stage = search_stage(settings, search);
  Standing here{*maps.parameters};
  EXPECT_EQ(stage->first(here)->steps, 80);
  EXPECT_EQ(stage->first(here)->penalty.l1_shift, 0.5);
  maps.move(4);
  here.loss = 1;
  const auto stronger = stage->next(here);
  ASSERT_TRUE(stronger);
  EXPECT_GT(stronger->penalty.l1_shift, 0.5);
  EXPECT_EQ(stronger->steps, 20) << "it starts where the last one ended";
  maps.move(2, 3);
  here.loss = 5;
  EXPECT_FALSE(stage->next(here));
  EXPECT_EQ(here.loss, 5);
  EXPECT_EQ(maps.parameters->support(), 2);
  EXPECT_EQ(found_penalty(settings, &search).l1_shift,
            stronger->penalty.l1_shift);
}

TEST(RefitStage, FreesTheSupportAndLaysTheRestToRest) {
  Maps maps;
  const auto settings =
      settings_of({.optimizer = "sgd", .l1 = "1", .refit_steps = 9});
  const auto stage = refit_stage(settings, nullptr);
  Standing here{*maps.parameters};
  maps.move(4, 1e-7);
  EXPECT_FALSE(stage->first(here)) << "nothing is free";
  maps.move(4, 1e-7);
  maps.parameters->values()[5] = 2;
  const auto trial = stage->first(here);
  ASSERT_TRUE(trial);
  EXPECT_EQ(trial->steps, 9);
  EXPECT_EQ(trial->penalty.l1_shift, 1) << "SGD keeps the penalty";
  EXPECT_EQ(trial->free_P.sum().item<int64_t>(), 1);
  EXPECT_EQ(maps.parameters->values()[4].item<float>(), 0);
  EXPECT_EQ(maps.parameters->values()[5].item<float>(), 2);
}

}  // namespace
}  // namespace lineas
