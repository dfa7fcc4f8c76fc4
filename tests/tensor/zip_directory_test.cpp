// Tables of contents of zip archives, true and untrue.
#include "lineas/tensor/zip_directory.h"

#include "tests/support/errors.h"
#include "tests/support/zip.h"

namespace lineas {
namespace {

using testing::error_message;
using testing::expect_error;
using testing::zip_of;
using testing::ZipPart;

void expect_refused(const std::string& file,
                    std::vector<std::string> parts,
                    ErrorKind kind = ErrorKind::format) {
  parts.push_back("a.bin: ");
  expect_error(kind, parts, [&] { read_zip_directory(file, "a.bin"); });
}

TEST(ZipDirectory, FindsTheBytesOfItsEntries) {
  for (const bool wide : {false, true}) {
    const std::string file =
        zip_of({{"x/one", "first"}, {"x/", ""}, {"x/two", "2"}}, wide);
    for (const std::string& behind : {"", "a comment"}) {
      const std::string whole = file + behind;
      const ZipDirectory table = read_zip_directory(whole, "a.bin");
      ASSERT_EQ(table.size(), 3u);
      EXPECT_EQ(table.at("x/one"), "first");
      EXPECT_EQ(table.at("x/two"), "2");
      EXPECT_EQ(table.at("x/"), "");
    }
  }
  EXPECT_TRUE(read_zip_directory(zip_of({}), "a.bin").empty());
}

TEST(ZipDirectory, RefusesWhatIsPacked) {
  expect_refused(zip_of({{.name = "x/version", .bytes = "3", .method = 8}}),
                 {"\"x/version\"", "compressed"},
                 ErrorKind::unsupported);
  expect_refused(zip_of({{.name = "x", .bytes = "3", .flags = 1}}),
                 {"encrypted"},
                 ErrorKind::unsupported);
  expect_refused(
      zip_of({{.name = "x", .bytes = "3", .unpacked_size = 1ull << 31}}),
      {"\"x\"", "1 bytes of 2147483648"});
}

TEST(ZipDirectory, RefusesWhatLiesOutside) {
  for (const bool wide : {false, true})
    expect_refused(zip_of({{.name = "x", .bytes = "3", .size = 5000}}, wide),
                   {"\"x\"", "5000 bytes"});
  expect_refused(
      zip_of({{.name = "x", .bytes = "3", .size = UINT64_MAX}}, true),
      {"\"x\"", "18446744073709551615 bytes"});
  const std::string good = zip_of({{"x", "3"}});
  for (size_t size = 0; size < good.size(); ++size)
    expect_refused(good.substr(0, size), {});
  std::string moved = good;
  moved[good.size() - 6] = '\x7f';  // where the table begins
  expect_refused(moved, {"table"});
}

TEST(ZipDirectory, RefusesNamesThatAreNotClear) {
  expect_refused(zip_of({{"x/\x1b[31m", "3"}, {"x/\x1b[31m", "4"}}),
                 {"\"x/\\x1b[31m\"", "twice"});
  expect_refused(zip_of({{.name = "x", .bytes = "3", .local_name = "y"}}),
                 {"\"x\"", "another name"});
  EXPECT_LT(error_message(
                ErrorKind::format,
                [] {
                  const std::string name(60'000, 'a');
                  read_zip_directory(zip_of({{name, ""}, {name, ""}}), "a.bin");
                })
                .size(),
            500u);
}

}  // namespace
}  // namespace lineas
