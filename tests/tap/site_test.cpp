// The site table: names, order, patterns.
#include "lineas/tap/site.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;
using Indices = std::vector<SiteIndex>;

SiteTable table() {
  SiteTable sites;
  sites.add("model.embed_tokens", 8);
  sites.add("model.layers.0.mlp", 8);
  sites.add("model.layers.0.attn", 8);
  sites.add("model.layers.0.attn:1", 4);
  sites.add("model.layers.10.mlp", 8);
  return sites;
}

TEST(SiteTable, KeepsOrderAndWidths) {
  const SiteTable sites = table();
  EXPECT_EQ(sites.size(), 5);
  EXPECT_EQ(sites[3].name, "model.layers.0.attn:1");
  EXPECT_EQ(sites[3].width, 4);
  EXPECT_EQ(sites.names()[4], "model.layers.10.mlp");
}

TEST(SiteTable, FindsANameAlsoAsElementZero) {
  const SiteTable sites = table();
  EXPECT_EQ(sites.find("model.layers.0.mlp"), 1);
  EXPECT_EQ(sites.find("model.layers.0.mlp:0"), 1);
  EXPECT_EQ(sites.find("model.layers.0.attn:1"), 3);
  EXPECT_EQ(sites.find("model.layers.0.mlp:1"), -1);
  EXPECT_EQ(sites.find("mlp"), -1);
}

TEST(SiteTable, PatternsMatchWholeNamesInTableOrder) {
  const SiteTable sites = table();
  EXPECT_EQ(sites.match(".*mlp"), (Indices{1, 4}));
  EXPECT_EQ(sites.match("model\\.layers\\.0\\..*"), (Indices{1, 2, 3}));
  EXPECT_EQ(sites.match(".*layers.1?0.mlp"), (Indices{1, 4}));
  EXPECT_EQ(sites.match("model.layers.0.mlp|model.embed_tokens"),
            (Indices{0, 1}));
}

TEST(SiteTable, ElementOfATuple) {
  const SiteTable sites = table();
  EXPECT_EQ(sites.match(".*attn"), (Indices{2, 3}));
  EXPECT_EQ(sites.match(".*attn:1"), (Indices{3}));
  EXPECT_EQ(sites.match(".*attn:0"), (Indices{2}));
  EXPECT_EQ(sites.match(".*:0"), (Indices{0, 1, 2, 4}));
}

TEST(SiteTable, EveryAlternativeHasItsElement) {
  SiteTable sites;
  for (const char* name : {"a.0", "a.0:1", "b.0", "b.0:0", "b.0:1"})
    sites.add(name, 4);
  EXPECT_EQ(sites.match("a\\.0:0|b\\.0:1"), (std::vector<SiteIndex>{0, 4}));
  EXPECT_EQ(sites.match("a\\.0:1|b\\.0"), (std::vector<SiteIndex>{1, 2}));
  EXPECT_EQ(sites.match("(a|b)\\.[0|]:1"), (std::vector<SiteIndex>{1, 4}));
}

TEST(SiteTable, ElementsJoinedUnderTheNameWithoutANumber) {
  SiteTable sites = table();
  sites.add("single.0", 8);
  sites.add("single.0:0", 8);
  sites.add("single.0:1", 8);
  EXPECT_EQ(sites.find("single.0"), 5);
  EXPECT_EQ(sites.find("single.0:0"), 6);
  EXPECT_EQ(sites.match("single.*"), (Indices{5}));
  EXPECT_EQ(sites.match("single.*:0"), (Indices{6}));
  EXPECT_EQ(sites.match("single.*:1"), (Indices{7}));
  EXPECT_EQ(sites.match(".*:0"), (Indices{0, 1, 2, 4, 6}));
}

TEST(SiteTable, NoMatchNamesTheNearest) {
  const SiteTable sites = table();
  expect_error(
      ErrorKind::not_found,
      {"model.layers.0.mpl", "5 sites", "model.layers.0.mlp", "lineas inspect"},
      [&] { sites.match("model.layers.0.mpl"); });
  expect_error(ErrorKind::not_found, {"mlp"}, [&] { sites.match("mlp"); });
  expect_error(ErrorKind::not_found, {":7"}, [&] { sites.match(".*attn:7"); });
}

TEST(SiteTable, BadExpressionIsAUsageError) {
  const SiteTable sites = table();
  expect_error(ErrorKind::usage, {"\"mlp(\"", "not a regular expression"}, [&] {
    sites.match("mlp(");
  });
}

TEST(SiteTable, ANameTwiceIsRefused) {
  SiteTable sites = table();
  expect_error(ErrorKind::format, {"model.embed_tokens", "twice"}, [&] {
    sites.add("model.embed_tokens", 8);
  });
}

}  // namespace
}  // namespace lineas
