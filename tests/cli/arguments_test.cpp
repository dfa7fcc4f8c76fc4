#include "lineas/cli/arguments.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

using List = std::vector<double>;

Steering steering(double strength) {
  return {MapSet{}, strength};
}

TEST(StrengthList, IsCalledByWhatTheMapsDo) {
  const SteerArguments none, three{.strengths = {0, 0.5, 1}};
  EXPECT_EQ(list_strengths(none, {}).shown, List({0}));
  EXPECT_EQ(list_strengths(none, {steering(0.25)}).shown, List({0.25}));
  EXPECT_EQ(list_strengths(none, {steering(0.25)}).factors, List({1}));
  EXPECT_EQ(list_strengths(three, {steering(1)}).shown, List({0, 0.5, 1}));
  EXPECT_EQ(list_strengths(three, {steering(0.5)}).shown, List({0, 0.25, 0.5}));
  EXPECT_EQ(list_strengths(three, {steering(0.5)}).factors, List({0, 0.5, 1}));
  // Maps of different strengths: what multiplies them.
  EXPECT_EQ(list_strengths(three, {steering(0.5), steering(1)}).shown,
            List({0, 0.5, 1}));
}

TEST(StrengthList, AutoGoesToTheEndThatMapsTell) {
  SteerArguments arguments{.strengths = {1}, .calibrates = true};
  const auto ends_at = [](double end, double strength = 1) {
    Steering map = steering(strength);
    map.set.provenance["calibration"] = {{"end", end}};
    return map;
  };
  EXPECT_EQ(list_strengths(arguments, {ends_at(0.5)}).shown,
            List({0, 0.125, 0.25, 0.375, 0.5}));
  EXPECT_EQ(list_strengths(arguments, {ends_at(0.5, 0.5)}).shown.back(), 0.5);
  EXPECT_EQ(
      list_strengths(arguments, {ends_at(0.5), ends_at(0.2)}).factors.back(),
      0.2);
  EXPECT_EQ(list_strengths(arguments, {ends_at(1.5)}).factors.back(), 1);
  EXPECT_EQ(list_strengths(arguments, {steering(1)}).factors.back(), 1);
  arguments.allow_any_strength = true;
  EXPECT_EQ(list_strengths(arguments, {ends_at(1.5)}).factors.back(), 1.5);
}

TEST(SteerOptions, TakeOneValueEach) {
  CLI::App command;
  SteerArguments arguments;
  add_steer_options(command, arguments);
  add_strengths_option(command, arguments);
  command.parse("--steer a:0.5 --strengths 0,0.5,1 --steer b --position last");
  EXPECT_EQ(arguments.maps, std::vector<std::string>({"a:0.5", "b"}));
  EXPECT_EQ(arguments.strengths, List({0, 0.5, 1}));
  EXPECT_EQ(arguments.position, "last");
  EXPECT_FALSE(arguments.allow_any_strength);
}

}  // namespace
}  // namespace lineas
