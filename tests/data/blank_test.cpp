#include "lineas/data/blank.h"

#include <gtest/gtest.h>

#include "lineas/data/prompt_lines.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

TEST(Blank, IsWhatShowsNothing) {
  for (const char* text : {"",
                           " \t\v\f\r\n",
                           "\xc2\xa0",          // no-break space
                           "\xe3\x80\x80",      // ideographic space
                           "\xe2\x80\x8b",      // zero-width space
                           "\xe2\x80\x83",      // em space
                           "\xef\xbb\xbf",      // byte order mark
                           "\x1a",              // end of a DOS text
                           "\xe2\x81\xa0 \t"})  // word joiner
    EXPECT_TRUE(is_blank(text)) << text;
  for (const char* text : {"a", " a ", ".", "\xe3\x80\x82", "\xf0\x9f\x99\x82"})
    EXPECT_FALSE(is_blank(text)) << text;
}

TEST(Blank, IsTrimmedOnBothSidesOnly) {
  EXPECT_EQ(trim_blanks(" \xc2\xa0"
                        "a  b\xc3\xa9 \xe3\x80\x80"),
            "a  b\xc3\xa9");
  EXPECT_EQ(trim_blanks("a"), "a");
  EXPECT_EQ(trim_blanks("  "), "");
}

TEST(PromptLines, SayWhatTheyPassOver) {
  testing::LogCapture log;
  PromptLines lines("a.csv");
  lines.add("a", 2);
  lines.add(" ", 3);
  lines.add("b", 4);
  const PromptSet prompts = lines.take();
  EXPECT_EQ(prompts.lines, (std::vector<size_t>{2, 4}));
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_EQ(log.messages[0], "a.csv: 1 empty text is passed over");
}

}  // namespace
}  // namespace lineas
