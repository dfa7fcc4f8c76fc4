#include "lineas/eval/world.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/base/json.h"

namespace lineas {
namespace {

/// A world as small as can be.
Json small_world() {
  return Json::parse(R"({
    "format": "lineas.world", "version": 1,
    "labels": {"tone": {"rude": 1}, "topic": {"sea": 1}, "mood": {"sad": 1},
               "truth": {"true": 0.7, "false": 0.3}},
    "names": ["Mira", "Tobin"], "units": ["line"],
    "rules": {"line": [["{X} {says} {fact}.", 0.5], "Hello, {Y}."],
              "says": {"by": "tone", "any": ["says"], "rude": ["yells"]}},
    "fact_kinds": {"colour": {"state": "{subject} is {value}",
      "ask": "What colour is {subject}?", "values": ["red", "blue"],
      "facts": {"the mill": "red"}}},
    "quiz": {"letters": ["A", "B"]}})");
}

World parse(const Json& json) {
  return parse_world(json.dump(), "w.json");
}

/// Expects a format error whose message has all of `parts`.
void expect_refused(const Json& json, std::vector<std::string> parts) {
  try {
    parse(json);
    ADD_FAILURE() << "no error for " << parts[0];
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::format);
    for (const auto& part : parts) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
          << error.what();
    }
  }
}

TEST(World, ReadsLabelsRulesAndFacts) {
  const World world = parse(small_world());
  EXPECT_EQ(world.labels[world.label("truth")].values,
            (std::vector<std::string>{"false", "true"}));
  ASSERT_EQ(world.units.size(), 1u);
  const WorldRule& line = world.rules[world.units[0]];
  EXPECT_EQ(line.name, "line");
  ASSERT_EQ(line.alternatives.size(), 2u);
  EXPECT_EQ(line.alternatives[0].parts.size(), 6u);
  ASSERT_EQ(world.questions.size(), 1u);
  EXPECT_EQ(world.questions[0].ask, "What colour is the mill?");
  EXPECT_EQ(world.questions[0].answer, "red");
}

TEST(World, StatesEveryFactTrulyAndFalsely) {
  const World world = parse(small_world());
  const auto& truths = world.labels[world.label("truth")].values;
  const auto& statements = world.rules.back().alternatives;
  ASSERT_EQ(statements.size(), 2u);
  EXPECT_EQ(statements[0].parts[0].text, "the mill is red");
  EXPECT_EQ(truths[statements[0].value], "true");
  EXPECT_EQ(truths[statements[1].value], "false");
}

TEST(World, ReadsTheBundledOne) {
  const World world = load_world(std::string(LINEAS_SOURCE_DIR) +
                                 "/bundled/tinytown/world.json");
  EXPECT_GE(world.questions.size(), 60u);
  EXPECT_EQ(world.labels[world.label("tone")].values,
            (std::vector<std::string>{"neutral", "polite", "rude"}));
}

TEST(World, RefusesAnotherFormat) {
  Json json = small_world();
  json["version"] = 2;
  expect_refused(json, {"w.json", "version 2"});
  json.erase("version");
  expect_refused(json, {"w.json", "version"});
  EXPECT_THROW(parse_world("{\"format\":", "w.json"), Error);
}

TEST(World, RefusesUnknownSlotsAndLabels) {
  Json json = small_world();
  json["rules"]["line"][1] = "Hello, {nobody}.";
  expect_refused(json, {"rule \"line\"", "{nobody}"});
  json["rules"]["line"][1] = "Hello, {X.";
  expect_refused(json, {"rule \"line\"", "open"});
  json = small_world();
  json["rules"]["says"]["by"] = "smell";
  expect_refused(json, {"rule \"says\"", "smell"});
  json = small_world();
  json["rules"]["says"]["loud"] = {"roars"};
  expect_refused(json, {"rule \"says\"", "loud", "tone"});
  json = small_world();
  json["labels"].erase("mood");
  expect_refused(json, {"w.json", "mood"});
  json = small_world();
  json["units"] = {"paragraph"};
  expect_refused(json, {"paragraph"});
}

TEST(World, RefusesRulesThatNeverEnd) {
  Json json = small_world();
  json["rules"]["says"]["any"] = {"says {line}"};
  expect_refused(json, {"contains itself"});
  json = small_world();
  json["rules"]["line"] = Json::array();
  expect_refused(json, {"rule \"line\"", "no alternatives"});
  json["rules"]["line"] = {7};
  expect_refused(json, {"rule \"line\"", "7"});
}

TEST(World, RefusesFactsOutsideTheirValues) {
  Json json = small_world();
  json["fact_kinds"]["colour"]["facts"]["the mill"] = "green";
  expect_refused(json, {"colour", "green", "the mill"});
  json = small_world();
  json["quiz"]["letters"] = {"A", "B", "C"};
  expect_refused(json, {"colour", "2 values", "3"});
  json = small_world();
  json["names"] = {"Mira"};
  expect_refused(json, {"names", "two"});
}

}  // namespace
}  // namespace lineas
