#include "lineas/cli/habits.h"

#include <gtest/gtest.h>

#include "lineas/cli/program.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using Words = std::vector<std::string>;

Words adapt(const Words& words) {
  return adapt_arguments(*make_program(), words);
}

/// The complaint about these words.
std::string refusal(const Words& words) {
  return testing::error_message(ErrorKind::usage, [&] { adapt(words); });
}

TEST(Habits, OurOwnWordsStayAsTheyAre) {
  const Words words = {"generate",
                       "-m",
                       "x",
                       "-p",
                       "",
                       "--json",
                       "-n",
                       "5",
                       "-s",
                       "-2",
                       "--temp",
                       "0.5",
                       "--chat",
                       "--strengths",
                       "0,1"};
  EXPECT_EQ(adapt(words), words);
  EXPECT_EQ(adapt({"learn", "steps=10", "--no-at-once"}),
            Words({"learn", "steps=10", "--no-at-once"}));
  EXPECT_EQ(adapt({"--version"}), Words({"--version"}));
  EXPECT_EQ(adapt({"frobnicate", "--x"}), Words({"frobnicate", "--x"}));
  EXPECT_EQ(adapt({"help", "score"}), Words({"score", "--help"}));
}

TEST(Habits, OtherProgramsNamesOfTheSame) {
  for (const char* name : {"--n-predict",
                           "--n_predict",
                           "--predict",
                           "--max-tokens",
                           "--max_new_tokens"})
    EXPECT_EQ(adapt({"generate", name, "5"}),
              Words({"generate", "--new-tokens", "5"}))
        << name;
  EXPECT_EQ(adapt({"generate", "--temperature=0.5"}),
            Words({"generate", "--temp", "0.5"}));
  EXPECT_EQ(adapt({"generate", "--repeat_penalty", "1.1", "--top_k", "4"}),
            Words({"generate", "--repeat-penalty", "1.1", "--top-k", "4"}));
  EXPECT_EQ(
      adapt({"generate", "-prompt", "hi", "-temp", "1", "-n5", "-s=3"}),
      Words(
          {"generate", "--prompt", "hi", "--temp", "1", "-n", "5", "-s", "3"}));
  EXPECT_EQ(adapt({"learn", "--micro_batch", "2"}),
            Words({"learn", "--micro-batch", "2"}));
}

TEST(Habits, ValuesAreNoOptions) {
  EXPECT_EQ(adapt({"generate", "-p", "--n_predict"}),
            Words({"generate", "-p", "--n_predict"}));
  EXPECT_EQ(adapt({"generate", "--prompt=--x=1"}),
            Words({"generate", "--prompt", "--x=1"}));
}

TEST(Habits, UnknownOptionsNameTheNearest) {
  EXPECT_EQ(refusal({"learn", "-m", "x", "--src", "a.txt", "--dst", "b.txt"}),
            "--src: unknown option; nearest: --source");
  EXPECT_EQ(refusal({"learn", "--dst=b.txt"}),
            "--dst: unknown option; nearest: --target");
  EXPECT_EQ(refusal({"generate", "--promt", "x"}),
            "--promt: unknown option; nearest: --prompt");
  EXPECT_EQ(refusal({"generate", "--max-token", "5"}),
            "--max-token: unknown option; nearest: --new-tokens");
  EXPECT_EQ(refusal({"score", "--stregths", "1"}),
            "--stregths: unknown option; nearest: --strengths");
  EXPECT_NE(refusal({"generate", "-ngl", "99"}).find("nearest: --device"),
            std::string::npos);
  EXPECT_NE(refusal({"--model", "x", "generate"}).find("command comes first"),
            std::string::npos);
}

TEST(Habits, AStrengthGoesToTheOneMap) {
  EXPECT_EQ(adapt({"generate", "--strength", "0.5", "--steer", "map"}),
            Words({"generate", "--steer", "map:0.5"}));
  for (const Words& words :
       {Words{"generate", "--steer", "map:1", "--strength", "0.5"},
        Words{"generate", "--steer", "a", "--steer", "b", "--strength", "1"},
        Words{"generate", "--strength", "1"},
        Words{"generate", "--steer", "a", "--strength", "much"}})
    EXPECT_NE(refusal(words).find("--strength"), std::string::npos);
  EXPECT_NE(
      refusal({"generate", "--steer", "map", "0.5"}).find("--steer map:0.5"),
      std::string::npos);
}

TEST(Habits, ASeedOfMinusOneIsDrawnAndTold) {
  for (const Words& words :
       {Words{"generate", "-s", "-1"}, Words{"learn", "--seed=-1"}}) {
    testing::LogCapture log;
    const Words adapted = adapt(words);
    ASSERT_EQ(adapted.size(), 3u);
    EXPECT_NE(adapted[2], "-1");
    ASSERT_EQ(log.messages.size(), 1u);
    EXPECT_TRUE(log.messages[0].starts_with("seed " + adapted[2]))
        << log.messages[0];
    EXPECT_NE(adapt(words)[2], adapted[2]);
  }
}

TEST(Habits, AModelOfTheHubIsNeverDownloaded) {
  for (const char* option : {"-hf", "--hf-repo", "-hfr"}) {
    const std::string message = refusal({"generate", option, "no/such-model"});
    EXPECT_NE(message.find("Nothing is downloaded here"), std::string::npos)
        << message;
  }
  const std::string folder = LINEAS_SOURCE_DIR "/bundled/tinytown";
  EXPECT_EQ(adapt({"generate", "-hf", folder}),
            Words({"generate", "--model", folder}));
}

}  // namespace
}  // namespace lineas
