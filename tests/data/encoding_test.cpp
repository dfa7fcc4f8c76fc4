// What to_utf8 reads, and that the command it advises works on the very file.
#include "lineas/data/encoding.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "lineas/base/file.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

const std::string kText = "Caf\xc3\xa9 \xf0\x9f\x99\x82\nzwei\n";

/// The program iconv: an implementation of its own.
std::string convert(const std::string& options, const std::string& text) {
  const testing::TempFolder folder;
  folder.write("in", text);
  const std::string command = fmt::format(
      "iconv {} '{}' > '{}'", options, folder / "in", folder / "out");
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return read_file(folder / "out");
}

std::string refusal(const std::string& bytes, const std::string& path) {
  return testing::error_message(ErrorKind::format,
                                [&] { to_utf8(bytes, path); });
}

/// What the advised command makes of the file, run in its folder.
std::string follow_advice(const std::string& bytes) {
  const testing::TempFolder folder;
  folder.write("a list.txt", bytes);
  const std::string message = refusal(bytes, "a list.txt");
  const size_t begin = message.find("iconv ");
  if (begin == std::string::npos) return message;
  const std::string command = message.substr(begin);
  // -c tells by its exit code that something was left out.
  const int status =
      std::system(fmt::format("cd '{}' && {}", folder.path(), command).c_str());
  EXPECT_TRUE(status == 0 || command.starts_with("iconv -c")) << command;
  return to_utf8(read_file(folder / "a list.utf8.txt"), "made");
}

TEST(Encoding, MarksAreObeyed) {
  EXPECT_EQ(to_utf8(kText, "a"), kText);
  EXPECT_EQ(to_utf8("\xef\xbb\xbf" + kText, "a"), kText);
  for (const char* encoding : {"UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"})
    EXPECT_EQ(to_utf8(convert(fmt::format("-f UTF-8 -t {}", encoding),
                              "\xef\xbb\xbf" + kText),
                      "a"),
              kText)
        << encoding;
}

TEST(Encoding, WithoutAMarkTheAdviceWorks) {
  for (const char* encoding : {"UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"})
    EXPECT_EQ(
        follow_advice(convert(fmt::format("-f UTF-8 -t {}", encoding), kText)),
        kText)
        << encoding;
  const std::string western = "Caf\xc3\xa9\nna\xc3\xafve \xe2\x82\xac 5\n";
  EXPECT_EQ(follow_advice(convert("-f UTF-8 -t WINDOWS-1252", western)),
            western);
  const std::string latin = "Caf\xc3\xa9\n";
  EXPECT_EQ(follow_advice(convert("-f UTF-8 -t ISO-8859-1", latin)), latin);
}

TEST(Encoding, OtherScriptsGetAdviceThatRuns) {
  for (const auto& [encoding, text] :
       std::vector<std::pair<std::string, std::string>>{
           {"CP932", "\xe4\xbb\x8a\xe6\x97\xa5\xe3\x81\xaf\n"},
           {"GB18030", "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95\x8c\n"},
           {"KOI8-R", "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\n"}}) {
    const std::string bytes = convert("-f UTF-8 -t " + encoding, text);
    EXPECT_NE(refusal(bytes, "a.txt").find(encoding), std::string::npos)
        << refusal(bytes, "a.txt");
    EXPECT_FALSE(follow_advice(bytes).empty());
  }
}

TEST(Encoding, OneWrongPlaceInUtf8IsLeftOut) {
  const std::string good = "Caf\xc3\xa9 na\xc3\xafve\n";
  EXPECT_EQ(follow_advice(good + "x\xff\n"), good + "x\n");
}

TEST(Encoding, BytesThatFitNothingElse) {
  EXPECT_EQ(follow_advice("a\x81 b\n"), "a\xc2\x81 b\n");  // ISO-8859-1
}

TEST(Encoding, RefusesWhatIsNoText) {
  EXPECT_NE(refusal(std::string("a\0b", 3), "a.txt").find("0x00"),
            std::string::npos);
  EXPECT_NE(refusal("\xff\xfe"
                    "a",
                    "a.txt")
                .find("byte 2 of the file"),
            std::string::npos);
  const std::string half(
      "\xff\xfe"
      "a\0\n\0\x00\xd8",
      8);
  EXPECT_NE(refusal(half, "a.txt").find("a.txt:2: byte 6"), std::string::npos)
      << refusal(half, "a.txt");
  EXPECT_NE(refusal(std::string("\xff\xfe"
                                "a\0\0\0",
                                6),
                    "a")
                .find("U+0000"),
            std::string::npos);
}

TEST(Encoding, ShellWordsAreQuoted) {
  EXPECT_EQ(quote_for_shell("a/b.txt"), "a/b.txt");
  EXPECT_EQ(quote_for_shell("it's"), "'it'\\''s'");
  EXPECT_EQ(quote_for_shell(""), "''");
}

}  // namespace
}  // namespace lineas
