// Counting of concepts in continuations: which text counts as what, and that
// openings of a topic go on in that topic.
#include "lineas/eval/concept.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace lineas {
namespace {

const Engine& engine() {
  static const Engine instance("tinytown", {.device = "cpu"});
  return instance;
}

Reading reading(const std::string& tone,
                const std::string& topic,
                int sentences = 2,
                bool grammatical = true) {
  Reading made;
  made.tone = tone;
  made.topic = topic;
  made.sentences = sentences;
  made.grammatical = grammatical;
  return made;
}

TEST(Concept, IsALabelAndOneOfItsValues) {
  const World world = world_of(engine());
  EXPECT_EQ(parse_concept("topic=sea", world).name(), "topic=sea");
  testing::expect_error(
      ErrorKind::usage, {"polite"}, [&] { parse_concept("tone=loud", world); });
  testing::expect_error(
      ErrorKind::usage, {"LABEL=VALUE"}, [&] { parse_concept("rude", world); });
  testing::expect_error(
      ErrorKind::usage, {"topic"}, [&] { parse_concept("colour=red", world); });
  EXPECT_TRUE(shows(reading("rude", "sea"), {"topic", "sea"}));
  EXPECT_FALSE(shows(reading("rude", "sea"), {"tone", "polite"}));
}

TEST(Share, HasABinomialError) {
  EXPECT_DOUBLE_EQ((Share{20, 100}.value()), 0.2);
  EXPECT_DOUBLE_EQ((Share{20, 100}.error()), 0.04);
  EXPECT_EQ(Share().value(), 0);
  EXPECT_EQ(Share().error(), 0);
}

TEST(ConceptCounts, OneTextFallsIntoOneOfThreeKinds) {
  const std::vector<Concept> both = {{"tone", "rude"}, {"topic", "sea"}};
  ConceptCounts counts;
  counts.add(reading("rude", "sea"), both);
  counts.add(reading("rude", "none"), both);
  counts.add(reading("neutral", "none"), both);
  counts.add(reading("neutral", "none", 0), both);         // empty
  counts.add(reading("rude", "sea", 3, false), both);      // stray
  counts.add(reading("neutral", "none", 0, false), both);  // stray
  EXPECT_EQ(counts.texts, 6);
  EXPECT_EQ(counts.stray, 2);
  EXPECT_EQ(counts.empty, 1);
  EXPECT_EQ(counts.grammatical(), 3);
  EXPECT_EQ(counts.sentences, 9);
  EXPECT_EQ(counts.shown, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(counts.all, 2);
  EXPECT_EQ(counts.none, 3);
  EXPECT_EQ(counts.grammatical_all, 1);
  EXPECT_EQ(counts.grammatical_none, 1);
}

TEST(CountConcepts, ATopicGoesOnWhereTheOpeningHasIt) {
  PromptSet openings =
      read_prompts(engine().folder() + "/eval/prompts.json#sea");
  openings.texts.resize(25);
  const auto counts =
      count_concepts(engine(),
                     {},
                     {.concepts = {{"topic", "sea"}, {"topic", "space"}},
                      .strengths = {0, 1},
                      .openings = openings});
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].texts, 25);
  EXPECT_GT(counts[0].shown[0], 15);
  EXPECT_LT(counts[0].shown[1], 3);
  // Without maps a strength changes nothing.
  EXPECT_EQ(counts[0].shown, counts[1].shown);
  EXPECT_EQ(counts[0].sentences, counts[1].sentences);
}

}  // namespace
}  // namespace lineas
