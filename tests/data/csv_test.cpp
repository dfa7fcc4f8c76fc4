#include "lineas/data/csv.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/data/text_file.h"

namespace lineas {
namespace {

CsvTable read(const std::string& text) {
  return read_csv({text, "a.csv"});
}

using Fields = std::vector<std::string>;

TEST(Csv, QuotesCommasAndLineEnds) {
  const CsvTable table = read("a,b\r\n\"x,\"\"y\"\"\",\"1\r\n2\"\r\n,\n");
  EXPECT_EQ(table.columns, (Fields{"a", "b"}));
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0].fields, (Fields{"x,\"y\"", "1\r\n2"}));
  EXPECT_EQ(table.rows[1].fields, (Fields{"", ""}));
}

TEST(Csv, RowsKnowTheirLine) {
  const CsvTable table = read("a,b\n\"1\n\n2\",3\n\n4,5");
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0].line, 2u);
  EXPECT_EQ(table.rows[1].line, 6u);
}

TEST(Csv, Columns) {
  const CsvTable table = read("a,b\n");
  EXPECT_EQ(table.column("b", "a.csv"), 1u);
  EXPECT_THROW(table.column("c", "a.csv"), Error);
  EXPECT_TRUE(read("").columns.empty());
}

TEST(TextFile, LinesOfEitherKind) {
  const TextFile file(
      "\xef\xbb\xbf"
      "a\r\n\nb",
      "f.txt");
  const std::vector<Line> lines = file.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].text, "a");
  EXPECT_EQ(lines[1].text, "");
  EXPECT_EQ(lines[2].text, "b");
  EXPECT_EQ(lines[2].number, 3u);
  EXPECT_EQ(file.at(3), "f.txt:3");
}

}  // namespace
}  // namespace lineas
