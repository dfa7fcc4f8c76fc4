#include "lineas/base/printable.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

using namespace std::string_literals;

TEST(Printable, LeavesTextAlone) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("model.layers.3 na\u00efve \u2192"),
            "model.layers.3 na\u00efve \u2192");
}

TEST(Printable, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\x1b[31mred\n\0\x7f"s), "a\\x1b[31mred\\x0a\\x00\\x7f");
  EXPECT_EQ(printable("\u009b1m"), "\\x9b1m");
  EXPECT_EQ(printable("\xff"
                      "a\xc3"),
            "\ufffda\ufffd");
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable(std::string(200, 'a')), std::string(200, 'a'));
  EXPECT_EQ(printable(std::string(5000, 'a')),
            std::string(200, 'a') + "... (5000 bytes)");
  EXPECT_EQ(printable("\u00e9\u00e9\u00e9", 2), "\u00e9\u00e9... (6 bytes)");
  EXPECT_EQ(printable_whole(std::string(5000, 'a')), std::string(5000, 'a'));
}

}  // namespace
}  // namespace lineas
