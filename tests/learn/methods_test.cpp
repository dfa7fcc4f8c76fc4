// Learners by name: options from JSON and back, and what is refused.
#include "lineas/learn/methods.h"

#include "lineas/learn/lineas.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

TEST(Methods, AnUnknownOneListsTheKnown) {
  testing::expect_error(
      ErrorKind::usage, {"magic", "lineas"}, [] { make_learner("magic"); });
  testing::expect_error(
      ErrorKind::usage, {"magic"}, [] { default_options("magic"); });
}

TEST(Methods, UnknownOptionsNameTheNearest) {
  testing::expect_error(ErrorKind::usage, {"step", "steps"}, [] {
    make_learner("lineas", {{"step", 3}});
  });
}

TEST(Methods, OptionsOfOthersNameTheMethodsThatHaveThem) {
  testing::expect_error(
      ErrorKind::usage, {"--steps", "linear-act", "lineas"}, [] {
        make_learner("linear-act", {{"steps", 3}});
      });
  testing::expect_error(ErrorKind::usage, {"--experts", "det-0"}, [] {
    parse_options("lineas", {{"experts", "3"}});
  });
}

TEST(Methods, TextsBecomeValuesOfTheDefaultsType) {
  EXPECT_EQ(parse_options("lineas",
                          {{"steps", "7"}, {"lr", "1e-2"}, {"l1", "0.1,0"}}),
            Json({{"steps", 7}, {"lr", 0.01}, {"l1", "0.1,0"}}));
  EXPECT_EQ(parse_options("linear-act", {{"at-once", "true"}}),
            Json({{"at-once", true}}));
  for (const auto& [name, text] : {std::pair("steps", "3.5"),
                                   {"steps", ""},
                                   {"lr", "fast"},
                                   {"seed", "1x"}})
    testing::expect_error(
        ErrorKind::usage, {fmt::format("--{} {}", name, text)}, [&] {
          parse_options("lineas", {{name, text}});
        });
  testing::expect_error(ErrorKind::usage, {"--at-once maybe"}, [] {
    parse_options("aura", {{"at-once", "maybe"}});
  });
}

TEST(Methods, OptionsAreDescribed) {
  for (const std::string& method : known_methods())
    for (const MethodOption& option : method_options(method)) {
      EXPECT_GT(option.sentence.size(), 10u) << method << " " << option.name;
      EXPECT_EQ(default_options(method)[option.name], option.value);
    }
}

TEST(Methods, OptionsOfTheWrongTypeOrRangeAreUsageErrors) {
  testing::expect_error(ErrorKind::usage, {"steps", "integer"}, [] {
    make_learner("lineas", {{"steps", 2.5}});
  });
  testing::expect_error(ErrorKind::usage, {"optimizer", "string"}, [] {
    make_learner("lineas", {{"optimizer", 1}});
  });
  testing::expect_error(ErrorKind::usage, {"--lr -1"}, [] {
    make_learner("lineas", {{"lr", -1.0}});
  });
}

TEST(Methods, OptionsSurviveTheWayThroughJson) {
  LineasOptions options;
  options.steps = 7;
  options.l1 = "0.1,0.2";
  options.seed = -3;
  const Json json = to_json(options);
  EXPECT_EQ(json["ot-match"], "exact");
  const auto again = from_json<LineasOptions>(json);
  EXPECT_EQ(to_json(again), json);
  EXPECT_EQ(again.steps, 7);
  EXPECT_EQ(to_json(from_json<LineasOptions>(Json::object())),
            default_options("lineas"));
}

}  // namespace
}  // namespace lineas
