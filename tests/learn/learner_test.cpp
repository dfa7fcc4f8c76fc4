// Problems that every method refuses before it runs a prompt.
#include "lineas/learn/learner.h"

#include "tests/support/errors.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::problem_of;
using testing::ToyDrive;

TEST(Learner, ProblemsThatAreNoneAreRefused) {
  ToyDrive drive;
  const Problem good = problem_of(drive, 8, 8, "a", "b");
  const auto expect = [&good](const char* said, auto change) {
    Problem problem = good;
    change(problem);
    testing::expect_error(
        ErrorKind::usage, {said}, [&] { check_problem(problem); });
  };
  expect("0 source", [](Problem& p) { p.source_rows.clear(); });
  expect("0 target", [](Problem& p) { p.target_rows.clear(); });
  expect("a site to map", [](Problem& p) { p.map_places.clear(); });
  expect("one to match", [](Problem& p) { p.match_places.clear(); });
  expect("twice", [](Problem& p) { p.match_places = {1, 1}; });
  expect("row 99", [](Problem& p) { p.source_rows.push_back(99); });
  check_problem(good);
  EXPECT_TRUE(drive.calls.empty());
}

}  // namespace
}  // namespace lineas
