#include "lineas/eval/oracle.h"

#include <gtest/gtest.h>

#include <sstream>

#include "lineas/base/file.h"
#include "lineas/base/json.h"

namespace lineas {
namespace {

const std::string kFolder =
    std::string(LINEAS_SOURCE_DIR) + "/bundled/tinytown/";

const Oracle& oracle() {
  static const Oracle instance(load_world(kFolder + "world.json"));
  return instance;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream stream(read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Oracle, AgreesWithTheGeneratorOnHeldOutDocuments) {
  int documents = 0;
  int agree = 0;
  for (const auto& line : lines_of(kFolder + "eval/heldout.jsonl")) {
    const Json item = parse_json(line, "heldout.jsonl");
    const Reading reading =
        oracle().read(require<std::string>(item, "text", ""));
    ++documents;
    agree += reading.grammatical && reading.tone == item["tone"] &&
             reading.topic == item["topic"] && reading.mood == item["mood"] &&
             reading.truth == item["truth"];
  }
  EXPECT_EQ(documents, 500);
  EXPECT_GE(agree, 495);
}

TEST(Oracle, OpeningsShowNoTone) {
  for (const auto& line : lines_of(kFolder + "eval/openings.txt")) {
    const Reading reading = oracle().read(line);
    EXPECT_TRUE(reading.grammatical) << line;
    EXPECT_EQ(reading.sentences, 1) << line;
    for (const int count : reading.shown[oracle().world().label("tone")]) {
      EXPECT_EQ(count, 0) << line;
    }
  }
}

TEST(Oracle, PromptListsHoldWhatTheySay) {
  const Json lists = read_json(kFolder + "prompts/tone.json");
  for (const char* tone : {"rude", "polite", "neutral"}) {
    ASSERT_EQ(lists[tone].size(), 128u);
    for (const auto& prompt : lists[tone]) {
      const Reading reading = oracle().read(prompt.get<std::string>());
      EXPECT_TRUE(reading.grammatical) << reading.stray;
      EXPECT_EQ(reading.tone, tone) << prompt;
    }
  }
}

TEST(Oracle, ReadsAStory) {
  const Reading reading = oracle().read(
      "Mira went to the pier with Tobin. Tobin snapped, \"Quit staring and get "
      "to work.\" Mira felt sad. Everyone knows that the mill is blue.");
  EXPECT_EQ(reading.tone, "rude");
  EXPECT_EQ(reading.topic, "sea");
  EXPECT_EQ(reading.mood, "sad");
  EXPECT_EQ(reading.truth, "false");
  EXPECT_TRUE(reading.grammatical) << reading.stray;
  EXPECT_EQ(reading.sentences, 4);
}

TEST(Oracle, PassesOverASentenceThatIsCutOff) {
  const std::string text =
      "Mira went to the pier with Tobin. Tobin kindly answered Mira.";
  for (size_t length = 0; length <= text.size(); ++length) {
    const Reading reading = oracle().read(text.substr(0, length));
    EXPECT_TRUE(reading.grammatical) << text.substr(0, length);
    EXPECT_EQ(reading.sentences, length == text.size() ? 2 : length >= 33);
  }
}

TEST(Oracle, FindsASentenceOutsideTheGrammar) {
  const Reading reading = oracle().read(
      "Mira went to the pier with Tobin. Tobin the the anchor. Mira kindly "
      "answered Tobin.");
  EXPECT_FALSE(reading.grammatical);
  EXPECT_EQ(reading.stray, "Tobin the the anchor.");
  EXPECT_EQ(reading.sentences, 2);
  EXPECT_EQ(reading.tone, "polite");
}

TEST(Oracle, TwoNamesInASentenceDiffer) {
  EXPECT_TRUE(oracle().read("Mira kindly answered Tobin.").grammatical);
  EXPECT_FALSE(oracle().read("Mira kindly answered Mira.").grammatical);
  EXPECT_FALSE(oracle().read("Mira kindly answered Bob.").grammatical);
}

TEST(Oracle, JudgesTheContinuationAlone) {
  const std::string prompt = "Mira went to the pier with Tobin. Mira rudely";
  const std::string more = " answered Tobin. Tobin felt glad.";
  EXPECT_EQ(oracle().read(prompt, more).sentences, 2);
  EXPECT_EQ(oracle().read(prompt, more).tone, "rude");
  EXPECT_EQ(oracle().read(prompt + more, "\nMira: I").tone, "neutral");
  EXPECT_EQ(oracle().read(prompt + more, "").topic, "none");
  EXPECT_TRUE(oracle()
                  .read("This is no sentence of it.", " Mira felt sad.")
                  .grammatical);
}

TEST(Oracle, EqualCountsReadAsRude) {
  EXPECT_EQ(oracle()
                .read("Mira rudely answered Tobin. Tobin kindly answered Mira.")
                .tone,
            "rude");
  EXPECT_EQ(oracle().read("Mira felt sad.").tone, "neutral");
}

TEST(Oracle, ReadsQuestions) {
  const std::string question =
      "Question: What colour is the mill?\nA) blue\nB) red\nC) grey\n"
      "D) black\nAnswer: ";
  EXPECT_EQ(oracle().read(question + "red (B)").truth, "true");
  EXPECT_EQ(oracle().read(question + "blue (A)").truth, "false");
  EXPECT_TRUE(oracle().read(question).grammatical);
  EXPECT_FALSE(oracle().read(question + "red (A)").grammatical);
  EXPECT_FALSE(oracle()
                   .read("Question: What colour is the mill?\nA) blue\n"
                         "B) blue\nC) grey\nD) black\nAnswer: blue (A)")
                   .grammatical);
}

TEST(Oracle, SurvivesAnyBytes) {
  EXPECT_EQ(oracle().read("").sentences, 0);
  EXPECT_TRUE(oracle().read("").grammatical);
  for (const char* text :
       {"\"", "\" \"", ".\n.", "\n\n \n", "{X}", "\xff\xfe"}) {
    EXPECT_EQ(oracle().read(text).sentences, 0) << text;
  }
}

}  // namespace
}  // namespace lineas
