#include "lineas/data/prompt_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "lineas/data/csv_prompts.h"
#include "lineas/data/json_prompts.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

TEST(PromptSource, PartsOfASpec) {
  const PromptSpec plain = parse_prompt_spec("d/list.json#rude");
  EXPECT_EQ(plain.path, "d/list.json");
  EXPECT_EQ(plain.subset, "rude");
  EXPECT_EQ(plain.text(), "d/list.json#rude");
  EXPECT_EQ(plain.name(), "list.json#rude");
  EXPECT_EQ(parse_prompt_spec("-").name(), "stdin");
  EXPECT_EQ(parse_prompt_spec("-#text").path, "-");
  EXPECT_EQ(parse_prompt_spec("/dev/fd/63").name(), "pipe");
}

TEST(PromptSource, APipeIsReadOnceFromFrontToBack) {
  const testing::TempFolder folder;
  const std::string path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { folder.write("pipe", "id,text\n1,a\n"); });
  const PromptSet prompts = read_prompts(path);
  writer.join();
  EXPECT_EQ(prompts.texts, std::vector<std::string>{"a"});
}

TEST(PromptSource, TheEndingDecidesWhereThereIsOne) {
  const TextFile file("{\"text\": \"a\"}\n", "a");
  EXPECT_EQ(find_format(parse_prompt_spec("a.TXT"), file), PromptFormat::txt);
  EXPECT_EQ(find_format(parse_prompt_spec("a"), file), PromptFormat::jsonl);
  testing::expect_error(ErrorKind::usage, {"a.parquet", ".parquet"}, [] {
    check_format(parse_prompt_spec("a.parquet"));
  });
}

TEST(PromptSource, ReadersTakeWhatTheyAreGiven) {
  const TextFile csv("a;b\n1;2\n", "f");
  EXPECT_EQ(read_csv_prompts(csv, parse_prompt_spec("f#b"), ';').texts,
            std::vector<std::string>{"2"});
  const TextFile json("{\"s\": [\"x\"]}", "f");
  EXPECT_EQ(read_json_prompts(json, parse_prompt_spec("f")).texts,
            std::vector<std::string>{"x"});
}

}  // namespace
}  // namespace lineas
