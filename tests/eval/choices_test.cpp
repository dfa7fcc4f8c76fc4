// Multiple-choice questions: their file, their text, and that the bundled
// model, which knows its world, answers them.
#include "lineas/eval/choices.h"

#include <gtest/gtest.h>

#include "lineas/base/file.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

TEST(ReadChoices, ALineAQuestion) {
  const testing::TempFolder folder;
  const std::string path = folder / "choices.jsonl";
  write_file(path,
             "{\"question\": \"Who?\", \"choices\": [\"a\", \"b\"], "
             "\"answer\": 1}\n\n"
             "{\"question\": \"Where?\", \"choices\": [\"c\", \"d\", \"e\"], "
             "\"answer\": 0}\n");
  const auto questions = read_choices(path);
  ASSERT_EQ(questions.size(), 2u);
  EXPECT_EQ(questions[0].answer, 1u);
  EXPECT_EQ(choice_prompt(questions[1]),
            "Question: Where?\nA) c\nB) d\nC) e\nAnswer:");
}

TEST(ReadChoices, NamesTheBadLine) {
  const testing::TempFolder folder;
  const std::string path = folder / "choices.jsonl";
  write_file(path,
             "\n{\"question\": \"Who?\", \"choices\": [\"a\", \"b\"], "
             "\"answer\": 2}\n");
  testing::expect_error(
      ErrorKind::format, {"choices.jsonl:2"}, [&] { read_choices(path); });
  write_file(path, "{\"question\": \"Who?\"}\n");
  testing::expect_error(
      ErrorKind::format, {"choices"}, [&] { read_choices(path); });
}

TEST(CountRight, TheModelKnowsItsWorldUntilItsNormsAreZero) {
  const Engine engine("tinytown", {.device = "cpu"});
  auto questions = read_choices(engine.folder() + "/eval/choices.jsonl");
  questions.resize(16);
  EXPECT_GE(count_right(engine, {}, questions), 14);
  EXPECT_EQ(count_right(engine, {}, {}), 0);
  // With a zero in front of the head all answers are equally likely, so the
  // shortest text wins, whatever is asked.
  const Site& last =
      engine.model().sites()[engine.model().sites().match("model\\.norm")[0]];
  MapSet zero;
  zero.maps.add(last.name, AffineMap::identity(last.width));
  zero.maps[0].second.scale_D.zero_();
  EXPECT_LT(count_right(engine, {{zero}}, questions), 12);
}

}  // namespace
}  // namespace lineas
