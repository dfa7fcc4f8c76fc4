// One list of flags for the options of all methods: what its help says, and
// what it keeps of a command line.
#include "lineas/cli/method_options.h"

#include <gtest/gtest.h>

#include "lineas/learn/methods.h"

namespace lineas {
namespace {

class MethodOptions : public ::testing::Test {
 protected:
  MethodOptions() { add_method_options(command_, texts_); }

  std::string sentence(const std::string& flag) const {
    return command_.get_option(flag)->get_description();
  }

  CLI::App command_;
  OptionTexts texts_;
};

TEST_F(MethodOptions, HoldEveryOptionOfEveryMethod) {
  for (const std::string& method : known_methods())
    for (const MethodOption& option : method_options(method))
      EXPECT_NO_THROW(command_.get_option("--" + option.name)) << option.name;
}

TEST_F(MethodOptions, SayDefaultsAndWhoTakesThem) {
  EXPECT_NE(sentence("--refit-steps").find("[0: lineas]"), std::string::npos)
      << sentence("--refit-steps");
  EXPECT_NE(sentence("--seed").find("[0: all methods]"), std::string::npos);
  EXPECT_NE(sentence("--target-runs").find("[mapped: all but lineas]"),
            std::string::npos);
  EXPECT_NE(sentence("--pool").find("max: aura, det-0"), std::string::npos);
}

TEST_F(MethodOptions, KeepWhatIsStatedAsText) {
  command_.parse("--steps 3 -s -4 --at-once --l1 0.1,0.2");
  EXPECT_EQ(texts_,
            OptionTexts({{"steps", "3"},
                         {"seed", "-4"},
                         {"at-once", "true"},
                         {"l1", "0.1,0.2"}}));
}

TEST_F(MethodOptions, SwitchesHaveAnOpposite) {
  command_.parse("--no-at-once");
  EXPECT_EQ(texts_, OptionTexts({{"at-once", "false"}}));
}

}  // namespace
}  // namespace lineas
