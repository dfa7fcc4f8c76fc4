// Distances between names, and the suggestions made from them.
#include "lineas/base/names.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"

namespace lineas {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("abc", ""), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("mlp", "mpl"), 2);
}

TEST(NearestNames, ThreeClosestInOrder) {
  EXPECT_EQ(nearest_names("mlp", {"attn", "mlq", "norm", "mlpp", "xyzzy"}),
            "Nearest: mlpp, mlq, attn.");
  EXPECT_EQ(nearest_names("a", {"b"}), "Nearest: b.");
  EXPECT_EQ(nearest_names("gen", {"demo", "diff", "generate", "learn"}),
            "Nearest: generate, demo, learn.");
  EXPECT_EQ(nearest_names("a", {}), "There are none.");
}

TEST(SiteNames, AreShortAndHaveNoControlCharacters) {
  using namespace std::string_literals;
  check_site_name("model.layers.3:1@7 na\u00efve", "f");
  check_site_name(std::string(1024, 'a'), "f");
  for (const std::string& name : {""s,
                                  std::string(1025, 'a'),
                                  "config.json\0"s,
                                  "a\nb"s,
                                  "\x1b[31m"s,
                                  "\xff"s}) {
    try {
      check_site_name(name, "f");
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::format);
      EXPECT_EQ(std::string(error.what()).find("f: \""), 0u) << error.what();
      EXPECT_LT(std::string(error.what()).size(), 400u);
    }
  }
}

}  // namespace
}  // namespace lineas
