// The search for a penalty, on supports that are known functions of it.
#include "lineas/learn/support_search.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/compare.h"

namespace lineas {
namespace {

int64_t support_at(double strength) {
  return static_cast<int64_t>(1000 * std::exp(-strength));
}

double loss_at(double strength) {
  return 1 - std::exp(-strength);
}

void run(SupportSearch& search, int trials = 100) {
  for (int i = 0; i < trials && !search.finished(); ++i)
    search.note(support_at(search.factor()),
                loss_at(search.factor()),
                at::full({4}, search.factor()));
}

class Budget : public ::testing::TestWithParam<int64_t> {};

TEST_P(Budget, IsMetFromBothSides) {
  for (const double first : {1e-3, 1.0, 100.0}) {
    SupportSearch search(GetParam(), first);
    run(search);
    EXPECT_TRUE(search.finished());
    EXPECT_TRUE(search.succeeded());
    EXPECT_FALSE(search.jump());
    const int64_t support = support_at(search.found_factor());
    EXPECT_LE(support, GetParam());
    EXPECT_GE(static_cast<double>(support),
              SupportSearch::kEnough * static_cast<double>(GetParam()));
    EXPECT_FLOAT_EQ(search.best_P()[0].item<float>(),
                    static_cast<float>(search.found_factor()))
        << "the maps of that trial";
    EXPECT_EQ(search.best_loss(), loss_at(search.found_factor()));
    EXPECT_LE(search.path().size(), size_t{SupportSearch::kMostTrials});
  }
}

INSTANTIATE_TEST_SUITE_P(Supports, Budget, ::testing::Values(500, 100, 10));

TEST(SupportSearch, EndsWhereNoPenaltyMeetsTheBudget) {
  SupportSearch search(5, 1);
  for (int i = 0; i < 100 && !search.finished(); ++i)
    search.note(900, 0.5, at::ones({4}));
  EXPECT_TRUE(search.finished());
  EXPECT_FALSE(search.best_P().defined());
  EXPECT_FALSE(search.succeeded());
  EXPECT_FALSE(search.jump());
  EXPECT_EQ(search.found_factor(), search.path().back()[0])
      << "the maps that are left are the last trial's";
}

TEST(SupportSearch, AllOrNothingIsNoSuccess) {
  SupportSearch search(100, 1);
  for (int i = 0; i < 100 && !search.finished(); ++i)
    search.note(search.factor() < 2 ? 3000 : 0, 0.5, at::ones({4}));
  EXPECT_TRUE(search.best_P().defined());
  EXPECT_FALSE(search.succeeded());
  ASSERT_TRUE(search.jump()) << "no trial between the two would help";
  EXPECT_EQ(search.jump()->above, 3000);
  EXPECT_EQ(search.jump()->within, 0);
}

TEST(SupportSearch, TrialsStartAtTheSparsestMapsThatMovedTooMuch) {
  SupportSearch search(10, 1);
  search.note(0, 0.9, at::full({1}, 1));
  EXPECT_EQ(search.start_P().item<float>(), 1) << "there are no others yet";
  search.note(50, 0.1, at::full({1}, 2));
  EXPECT_EQ(search.start_P().item<float>(), 2);
  const double weak = search.factor();
  search.note(40, 0.2, at::full({1}, 3));
  EXPECT_EQ(search.start_P().item<float>(), 3) << weak << " is a stronger one";
  search.note(1, 0.8, at::full({1}, 4));
  EXPECT_EQ(search.start_P().item<float>(), 3);
}

TEST(SupportSearch, StateCarriesItOn) {
  SupportSearch unbroken(100, 1e-3), broken(100, 1e-3);
  run(unbroken);
  run(broken, 3);
  std::map<std::string, Tensor> saved;
  for (const auto& [name, tensor] : broken.state(at::zeros({4})))
    saved[name] = tensor.clone();
  SupportSearch resumed(100, 1e-3);
  ASSERT_TRUE(resumed.restore(saved));
  run(resumed);
  EXPECT_EQ(resumed.path(), unbroken.path());
  EXPECT_EQ(resumed.best_loss(), unbroken.best_loss());
  EXPECT_TRUE(at::equal(resumed.best_P(), unbroken.best_P()));
  EXPECT_TRUE(at::equal(resumed.start_P(), unbroken.start_P()));
  for (const double support : {-1.0, double{NAN}, 1e300}) {
    saved["search.trials"][1][1] = support;
    EXPECT_FALSE(resumed.restore(saved)) << support;
  }
}

}  // namespace
}  // namespace lineas
