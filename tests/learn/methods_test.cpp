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
