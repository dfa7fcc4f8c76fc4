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
