#include "lineas/data/csv.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/data/text_file.h"
#include "tests/support/errors.h"

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

TEST(Csv, TheSeparatorIsTheOneThatMakesRowsAlike) {
  EXPECT_EQ(read("id;text\n1;a, b\n2;c, d\n").separator, ';');
  EXPECT_EQ(read("id\ttext\n1\ta, b\n").separator, '\t');
  EXPECT_EQ(read("id|text\n1|\"a|b\"\n").separator, '|');
  EXPECT_EQ(read("id,text\n1,a; b\n2,c; d; e\n").separator, ',');
  EXPECT_EQ(read("text\na; b\nc; d\n").separator, ',');
  // A quoted separator is none.
  const CsvTable table = read("\"a,b\";\"c\"\n\"x;y\";z\n");
  EXPECT_EQ(table.columns, (Fields{"a,b", "c"}));
  EXPECT_EQ(table.rows[0].fields, (Fields{"x;y", "z"}));
}

TEST(Csv, TheFirstLineMayNameTheSeparator) {
  for (const char* line : {"sep=;\r\n", "\"sep=;\"\n", "SEP=;\r"}) {
    const CsvTable table = read(std::string(line) + "a;b\n1;2\n");
    EXPECT_EQ(table.columns, (Fields{"a", "b"})) << line;
    EXPECT_EQ(table.rows[0].line, 3u) << line;
  }
}

TEST(Csv, ARowOfAnotherLengthIsNamedWithTheSeparator) {
  testing::expect_error(ErrorKind::format,
                        {"a.csv:4: 3 fields in a table of 2", "\";\""},
                        [] { read("id;text\n1;a\n2;b\n3;c; d\n4;e\n"); });
}

TEST(Csv, NamesAreFoundWithoutCaseOrBlanks) {
  const CsvTable table = read("id, Text \n");
  EXPECT_EQ(table.column("text", "a.csv"), 1u);
  EXPECT_EQ(read("text,Text\n").column("Text", "a.csv"), 1u);
  testing::expect_error(ErrorKind::usage, {"2 columns \"text\""}, [] {
    read("text,text\n").column("text", "a.csv");
  });
}

TEST(TextFile, LinesOfEveryKind) {
  const TextFile file(
      "\xef\xbb\xbf"
      "a\r\n\nb\rc\r\rd",
      "f.txt");
  const std::vector<Line> lines = file.lines();
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[0].text, "a");
  EXPECT_EQ(lines[1].text, "");
  EXPECT_EQ(lines[2].text, "b");
  EXPECT_EQ(lines[3].text, "c");
  EXPECT_EQ(lines[4].text, "");
  EXPECT_EQ(lines[5].text, "d");
  EXPECT_EQ(lines[5].number, 6u);
  EXPECT_EQ(file.at(3), "f.txt:3");
}

}  // namespace
}  // namespace lineas
