#include "lineas/engine/prompt_lengths.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace lineas {
namespace {

TEST(PromptLengths, AreHeldAgainstTheContextAndNamedByTheirPlace) {
  const PromptSet prompts = parse_prompts("d/a.txt", "x\n\ny\n");
  const LanguageModelInfo info{.context = 3};
  check_lengths(prompts, {{1, 2, 3}, {1}}, info);
  testing::expect_error(
      ErrorKind::usage,
      {"d/a.txt:3: prompt 2 has 4 tokens, the model's context is 3"},
      [&] {
        check_lengths(prompts, {{1}, {1, 2, 3, 4}}, info);
      });
  testing::expect_error(
      ErrorKind::usage, {"d/a.txt:1: prompt 1 has no tokens"}, [&] {
        check_lengths(prompts, {{}, {1}}, info);
      });
}

}  // namespace
}  // namespace lineas
