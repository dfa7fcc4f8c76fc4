#include "lineas/data/prompts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "lineas/base/error.h"
#include "lineas/base/file.h"

namespace lineas {
namespace {

using Texts = std::vector<std::string>;

TEST(Prompts, TextIsOneALine) {
  const PromptSet prompts =
      parse_prompts("dir/a.txt", "\xef\xbb\xbf one \r\n\ntwo\xc3\xa9\nthree");
  EXPECT_EQ(prompts.texts, (Texts{" one ", "two\xc3\xa9", "three"}));
  EXPECT_EQ(prompts.name, "a.txt");
  EXPECT_FALSE(prompts.has_ids());
  EXPECT_EQ(prompts.size(), 3u);
}

TEST(Prompts, JsonLines) {
  const PromptSet prompts = parse_prompts(
      "a.jsonl", "{\"text\":\"a\\nb\"}\n\n{\"prompt\":\"c\",\"x\":1}\r\n");
  EXPECT_EQ(prompts.texts, (Texts{"a\nb", "c"}));
}

TEST(Prompts, ReadyIds) {
  const PromptSet prompts =
      parse_prompts("a.jsonl", "{\"ids\":[1,2]}\n{\"ids\":[3]}");
  ASSERT_TRUE(prompts.has_ids());
  EXPECT_EQ(prompts.ids[0], (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(prompts.ids[1], (std::vector<int64_t>{3}));
  EXPECT_TRUE(prompts.texts.empty());
}

TEST(Prompts, FirstOfTextsAndOfIds) {
  const PromptSet texts = parse_prompts("a.txt", "a\nb\nc\n");
  EXPECT_EQ(first_prompts(texts, 2).texts, (Texts{"a", "b"}));
  EXPECT_EQ(first_prompts(texts, 9).texts, texts.texts);
  EXPECT_EQ(first_prompts(texts, 0).texts, texts.texts);
  const PromptSet ids =
      parse_prompts("a.jsonl", "{\"ids\":[1,2]}\n{\"ids\":[3]}");
  const PromptSet first = first_prompts(ids, 1);
  EXPECT_TRUE(first.texts.empty());
  EXPECT_EQ(first.ids.size(), 1u);
}

TEST(Prompts, CsvColumns) {
  const std::string csv =
      "id,caption,seed\r\n"
      "1,\"a, \"\"quoted\"\"\nline\",7\r\n"
      "2,plain,8\n"
      "3,,9\n";
  EXPECT_EQ(parse_prompts("a.csv#caption", csv).texts,
            (Texts{"a, \"quoted\"\nline", "plain"}));
  EXPECT_EQ(parse_prompts("a.csv#seed", csv).texts, (Texts{"7", "8", "9"}));
  EXPECT_EQ(parse_prompts("x/a.csv#seed", csv).name, "a.csv#seed");
  EXPECT_EQ(parse_prompts("a.csv", "x,text\n1,t\n").texts, Texts{"t"});
  EXPECT_EQ(parse_prompts("a.csv", "only\nv\n\nw").texts, (Texts{"v", "w"}));
}

TEST(Prompts, JsonSubsets) {
  const std::string json = R"({"rude": ["a", "b"], "polite": ["c"]})";
  EXPECT_EQ(parse_prompts("a.json#rude", json).texts, (Texts{"a", "b"}));
  EXPECT_EQ(parse_prompts("a.json", R"({"all": ["c"]})").texts, Texts{"c"});
}

TEST(Prompts, ReadsAFileWhoseNameHoldsTheSeparators) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      ("lineas-prompts-test-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = folder / "a:b#c.txt";
  write_file(path, "hello\n");
  const PromptSet prompts = read_prompts(path);
  std::filesystem::remove_all(folder);
  EXPECT_EQ(prompts.texts, Texts{"hello"});
  EXPECT_EQ(prompts.name, "a:b#c.txt");
}

TEST(Prompts, HashIsOfTheContentAlone) {
  const PromptSet a = parse_prompts("a.txt", "x\ny\n");
  EXPECT_EQ(content_hash(a),
            content_hash(parse_prompts("b.jsonl",
                                       "{\"text\":\"x\"}\n{\"text\":\"y\"}")));
  EXPECT_NE(content_hash(a), content_hash(parse_prompts("a.txt", "y\nx\n")));
  EXPECT_NE(content_hash(a), content_hash(parse_prompts("a.txt", "xy\n")));
  EXPECT_NE(content_hash(parse_prompts("a.jsonl", "{\"ids\":[1,2]}")),
            content_hash(parse_prompts("a.jsonl", "{\"ids\":[12]}")));
  EXPECT_EQ(content_hash(a), "34e1db59ac840f77");
}

}  // namespace
}  // namespace lineas
