// Pictures made of text.
#include "lineas/cli/charts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lineas {
namespace {

std::string line_of(const std::vector<double>& values, size_t columns = 40) {
  return sparkline(values, columns);
}

TEST(Sparkline, HasABlockANumber) {
  EXPECT_EQ(line_of({}), "");
  EXPECT_EQ(line_of({3}), "▁");
  EXPECT_EQ(line_of({5, 3, 1}), "█▅▁");
  EXPECT_EQ(line_of({-1, 0, 1}), "▁▅█");
  EXPECT_EQ(line_of({1, NAN, 2}), "▁ █");
}

TEST(Sparkline, ShrinksToItsColumns) {
  EXPECT_EQ(line_of({1, 3, 5, 7}, 2), "▁█");
  EXPECT_EQ(line_of(std::vector<double>(1000, 2.0), 3), "▁▁▁");
}

TEST(Sparkline, WideSpansAreLogarithmic) {
  EXPECT_EQ(line_of({1, 10, 100}), "▁▅█");
  EXPECT_EQ(line_of({0, 10, 100}), "▁▁█");
}

TEST(Bar, IsPaddedAndNeverHidesWhatIsThere) {
  EXPECT_EQ(bar(0, 3), "   ");
  EXPECT_EQ(bar(1, 3), "███");
  EXPECT_EQ(bar(0.5, 3), "█▌ ");
  EXPECT_EQ(bar(1e-9, 3), "▏  ");
  EXPECT_EQ(bar(7, 2), "██");
}

}  // namespace
}  // namespace lineas
