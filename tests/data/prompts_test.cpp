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
  EXPECT_EQ(parse_prompts("a.csv#only", "only\nv\n\nw").texts,
            (Texts{"v", "w"}));
}

TEST(Prompts, CsvWithOtherSeparators) {
  EXPECT_EQ(parse_prompts("a.csv", "id;text\n1;Go, now\n2;b\n").texts,
            (Texts{"Go, now", "b"}));
  EXPECT_EQ(parse_prompts("a.csv", "sep=|\nid|prompt\n1|a\n").texts,
            Texts{"a"});
  EXPECT_EQ(parse_prompts("a.TSV", "id\tText\n1\ta, b\n").texts, Texts{"a, b"});
}

TEST(Prompts, CsvWithoutAHeader) {
  const std::string one = "Greta went home.\nSimon sang.\n";
  EXPECT_EQ(parse_prompts("a.csv#1", one).texts,
            (Texts{"Greta went home.", "Simon sang."}));
  const PromptSet two = parse_prompts("a.csv#2", "1;a\n2;b\n");
  EXPECT_EQ(two.texts, (Texts{"a", "b"}));
  EXPECT_EQ(two.lines, (std::vector<size_t>{1, 2}));
  // A number is a name first, and a header stays one.
  EXPECT_EQ(parse_prompts("a.csv#2", "1,2\nx,y\n").texts, Texts{"y"});
  EXPECT_EQ(parse_prompts("a.csv#2", "id,text\nx,y\n").texts, Texts{"y"});
  EXPECT_EQ(parse_prompts("a.csv", "sentence\na\n").texts, Texts{"a"});
}

TEST(Prompts, BlanksAreNone) {
  const std::string nothing =
      "\xc2\xa0\xe3\x80\x80\xe2\x80\x8b\xef\xbb\xbf\t \x1a";
  EXPECT_EQ(parse_prompts("a.txt", "a\n   \n" + nothing + "\nb\n").texts,
            (Texts{"a", "b"}));
  EXPECT_EQ(parse_prompts("a.csv", "id,text\n1,a\n2," + nothing + "\n").texts,
            Texts{"a"});
  EXPECT_EQ(parse_prompts("a.jsonl", "{\"text\":\"  \"}\n \n{\"text\":\"a\"}\n")
                .texts,
            Texts{"a"});
  EXPECT_EQ(parse_prompts("a.json", R"(["a", "", " \u00a0", "b"])").texts,
            (Texts{"a", "b"}));
}

TEST(Prompts, AnyCaseOfTheEnding) {
  EXPECT_EQ(parse_prompts("A.TXT", "a\n").texts, Texts{"a"});
  EXPECT_EQ(parse_prompts("A.JSONL", "{\"text\":\"a\"}").texts, Texts{"a"});
  EXPECT_EQ(parse_prompts("A.CSV#T", "t\na\n").texts, Texts{"a"});
  EXPECT_EQ(parse_prompts("A.Json", "[\"a\"]").texts, Texts{"a"});
}

TEST(Prompts, WithoutAnEndingTheyAreWhatTheyLookLike) {
  EXPECT_EQ(parse_prompts("-", "a, b\nc\n").texts, (Texts{"a, b", "c"}));
  EXPECT_EQ(parse_prompts("-", "\n{\"text\":\"a\"}\n").texts, Texts{"a"});
  EXPECT_EQ(parse_prompts("-", "{\"ids\":[1]}\n{\"ids\":[2]}\n").size(), 2u);
  EXPECT_EQ(parse_prompts("-", "{\n\"s\": [\"a\"]}\n").texts, Texts{"a"});
  EXPECT_EQ(parse_prompts("-#s", "{\"s\":[\"a\"],\"t\":[\"b\"]}").texts,
            Texts{"a"});
  EXPECT_EQ(parse_prompts("-", "[\"a\",\"b\"]").texts, (Texts{"a", "b"}));
  EXPECT_EQ(parse_prompts("-", "id,text\n1,a\n").texts, Texts{"a"});
  EXPECT_EQ(parse_prompts("-#2", "1;a\n2;b\n").texts, (Texts{"a", "b"}));
  EXPECT_EQ(parse_prompts("-", "[no json\n{x}\n").texts,
            (Texts{"[no json", "{x}"}));
  EXPECT_EQ(parse_prompts("-", "a\n").name, "stdin");
}

TEST(Prompts, KnowTheirPlaces) {
  const PromptSet text = parse_prompts("d/a.txt", "\na\n\nb\n");
  EXPECT_EQ(text.where(1), "d/a.txt:4: prompt 2");
  EXPECT_EQ(first_prompts(text, 1).lines.size(), 1u);
  EXPECT_EQ(parse_prompts("a.csv", "id,text\n1,\"x\ny\"\n2,z\n").where(1),
            "a.csv:4: prompt 2");
  EXPECT_EQ(parse_prompts("a.json#s", R"({"s": ["", "b"]})").where(0),
            "a.json#s: prompt 2");
  EXPECT_EQ((PromptSet{.texts = {"a"}, .name = "-p"}).where(0), "-p: prompt 1");
}

TEST(Prompts, JsonSubsets) {
  const std::string json = R"({"rude": ["a", "b"], "polite": ["c"]})";
  EXPECT_EQ(parse_prompts("a.json#rude", json).texts, (Texts{"a", "b"}));
  EXPECT_EQ(parse_prompts("a.json", R"({"all": ["c"]})").texts, Texts{"c"});
  EXPECT_EQ(
      parse_prompts("a.json", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n").texts,
      (Texts{"a", "b"}));
  EXPECT_EQ(parse_prompts("a.json", R"({"v": 1, "prompts": ["c"]})").texts,
            Texts{"c"});
  EXPECT_EQ(
      parse_prompts("a.json", R"([{"prompt": "c"}, {"text": "d"}])").texts,
      (Texts{"c", "d"}));
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
