// Prompt files that are wrong: the message names file and line, and what there
// is instead.
#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/data/prompts.h"

namespace lineas {
namespace {

void expect_error(const std::string& spec,
                  const std::string& bytes,
                  ErrorKind kind,
                  const std::string& part) {
  try {
    parse_prompts(spec, bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
        << error.what();
    return;
  }
  ADD_FAILURE() << spec << " accepted";
}

TEST(PromptFiles, Missing) {
  EXPECT_THROW(read_prompts("no/such.txt"), Error);
  try {
    read_prompts("no/such.json#part");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_NE(std::string(error.what()).find("no/such.json"),
              std::string::npos);
  }
}

TEST(PromptFiles, NotUtf8) {
  expect_error("a.txt",
               "good\nbad \xff\n",
               ErrorKind::format,
               "a.txt:2: byte 9 of the file is 0xff");
  expect_error("a.txt", "\xc0\x80", ErrorKind::format, "a.txt:1");
  expect_error("a.txt", "\xed\xa0\x80", ErrorKind::format, "UTF-8");
  expect_error("a.txt", std::string("a\0b", 3), ErrorKind::format, "0x00");
  expect_error("a.jsonl", "{\"text\":\"\xe2\x82\"}", ErrorKind::format, ":1:");
}

TEST(PromptFiles, Empty) {
  expect_error("a.txt", "", ErrorKind::usage, "a.txt: holds no prompts");
  expect_error("a.txt", "\n\n", ErrorKind::usage, "no prompts");
  expect_error("a.jsonl", "", ErrorKind::usage, "no prompts");
  expect_error("a.csv", "", ErrorKind::usage, "no prompts");
  expect_error("a.csv#t", "t\n", ErrorKind::usage, "a.csv#t: holds no");
  expect_error("a.json#s", "{\"s\":[]}", ErrorKind::usage, "no prompts");
}

TEST(PromptFiles, BlanksAlone) {
  expect_error("a.txt", " \n\xc2\xa0\n", ErrorKind::usage, "no prompts");
  expect_error("a.jsonl", "{\"text\":\" \"}", ErrorKind::usage, "no prompts");
  expect_error("a.csv", "id,text\n1,\t\n", ErrorKind::usage, "no prompts");
}

TEST(PromptFiles, Compressed) {
  expect_error("a.txt.gz", "x", ErrorKind::format, "gzip -dc a.txt.gz |");
  expect_error("a.txt", "\x1f\x8b\x08", ErrorKind::format, "gzip -dc a.txt |");
  expect_error("-", "PK\x03\x04", ErrorKind::format, "before the pipe");
}

TEST(PromptFiles, WithoutAHeader) {
  expect_error(
      "a.csv",
      "Greta went home.\nSimon sang.\n",
      ErrorKind::usage,
      "a.csv:1: is \"Greta went home.\" the name of the column, or the "
      "first prompt? Say \"a.csv#1\"");
  expect_error("a.csv", "1;Greta\n2;Simon\n", ErrorKind::usage, "\"a.csv#2\"");
  expect_error("a.csv#3", "1;Greta\n", ErrorKind::usage, "#1 to #2");
  expect_error("a.csv#0", "1;Greta\n", ErrorKind::usage, "no column \"0\"");
}

TEST(PromptFiles, Kinds) {
  expect_error("a.parquet", "x", ErrorKind::usage, ".parquet");
  expect_error("a.txt#s", "x", ErrorKind::usage, "has no subsets");
  expect_error("other:a.csv#s", "x", ErrorKind::usage, "known: jigsaw");
}

TEST(PromptFiles, JsonLines) {
  expect_error("a.jsonl",
               "{\"text\":\"a\"}\n{\"text\":",
               ErrorKind::format,
               "a.jsonl:2: is not JSON");
  expect_error("a.jsonl", "[1]", ErrorKind::format, "a.jsonl:1");
  expect_error("a.jsonl", "{\"txt\":1}", ErrorKind::format, "\"prompt\"");
  expect_error("a.jsonl", "{\"text\":1}", ErrorKind::format, "a string");
  expect_error("a.jsonl", "{\"ids\":[1.5]}", ErrorKind::format, "integer");
  expect_error("a.jsonl", "{\"ids\":[-1]}", ErrorKind::format, "negative");
  expect_error("a.jsonl", "{\"ids\":[]}", ErrorKind::format, "empty");
  expect_error("a.jsonl",
               "{\"ids\":[1]}\n{\"text\":\"a\"}",
               ErrorKind::format,
               "a.jsonl:2: some lines");
}

TEST(PromptFiles, Csv) {
  expect_error("a.csv#x", "a,b\n1,2", ErrorKind::usage, "columns: a, b");
  expect_error("a.csv", "a,b\n1,2", ErrorKind::usage, "a.csv#COLUMN");
  expect_error("a.csv#a",
               "a,b\n1,2\n\n3\n",
               ErrorKind::format,
               "a.csv:4: 1 fields in a table of 2");
  expect_error("a.csv#a",
               "a,b\n\"1\n2,3",
               ErrorKind::format,
               "a.csv:2: a quoted field begins");
  expect_error(
      "a.csv#a", "a,b\n\"x\ny\"z,3", ErrorKind::format, "a.csv:3: text after");
}

TEST(PromptFiles, JsonSubsets) {
  const std::string json = R"({"rude": ["a"], "polite": ["c"]})";
  expect_error("a.json#x", json, ErrorKind::usage, "polite, rude");
  expect_error("a.json", json, ErrorKind::usage, "several subsets");
  expect_error("a.json", "[1]", ErrorKind::format, "list of prompts");
  expect_error("a.json", "{\"a\": 1}", ErrorKind::format, "list of prompts");
  expect_error(
      "a.json#s", R"({"s": [1]})", ErrorKind::format, "a.json#s: entry 1 is 1");
  expect_error("a.json#s", R"({"s": "a"})", ErrorKind::format, "a.json#s");
  expect_error(
      "a.json#s", R"({"s": ["a"], "s": ["b"]})", ErrorKind::format, "twice");
}

TEST(PromptFiles, Jigsaw) {
  const std::string csv = "id,comment_text,toxic\n1,a,2\n";
  expect_error("jigsaw:t.csv#rude", csv, ErrorKind::usage, "non-toxic, toxic");
  expect_error("jigsaw:t.csv#toxic", csv, ErrorKind::format, "t.csv:2: label");
  expect_error(
      "jigsaw:t.csv#toxic", "a,b\n1,2", ErrorKind::usage, "comment_text");
}

}  // namespace
}  // namespace lineas
