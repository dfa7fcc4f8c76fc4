#include "lineas/text/tokenizer_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "lineas/base/file.h"
#include "lineas/text/pipeline.h"

namespace lineas {
namespace {

class TokenizerConfigTest : public testing::Test {
 protected:
  TokenizerConfigTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("lineas-config-test-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~TokenizerConfigTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    write_file(folder_ / name, text);
  }
  TokenizerConfig read() const { return read_tokenizer_config(folder_); }

  std::filesystem::path folder_;
};

TEST_F(TokenizerConfigTest, EveryFileMayBeAbsent) {
  const TokenizerConfig config = read();
  EXPECT_FALSE(config.present);
  EXPECT_FALSE(config.bos_token.has_value());
  EXPECT_FALSE(config.adds_bos_by_class());
}

TEST_F(TokenizerConfigTest, ReadsWhatMatters) {
  write("tokenizer_config.json", R"({
      "tokenizer_class": "LlamaTokenizerFast", "bos_token": {"content": "<s>"},
      "eos_token": "</s>", "add_bos_token": true, "add_eos_token": null,
      "clean_up_tokenization_spaces": false,
      "added_tokens_decoder": {"7": {"content": "<x>", "special": true}}})");
  const TokenizerConfig config = read();
  EXPECT_TRUE(config.present);
  EXPECT_TRUE(config.adds_bos_by_class());
  EXPECT_EQ(config.bos_token, "<s>");
  EXPECT_EQ(config.eos_token, "</s>");
  EXPECT_EQ(config.add_bos_token, true);
  EXPECT_FALSE(config.add_eos_token.has_value());
  EXPECT_EQ(config.clean_up, false);
  ASSERT_EQ(config.added.size(), 1u);
  EXPECT_EQ(config.added[0].id, 7);
  EXPECT_FALSE(config.added[0].normalized);
}

TEST_F(TokenizerConfigTest, TheOlderFilesFillGaps) {
  write("tokenizer_config.json", R"({"bos_token": "<a>"})");
  write("special_tokens_map.json",
        R"({"bos_token": "<b>", "eos_token": "<e>",
            "additional_special_tokens": ["<m>"]})");
  write("added_tokens.json", R"({"<m>": 9})");
  const TokenizerConfig config = read();
  EXPECT_EQ(config.bos_token, "<a>");
  EXPECT_EQ(config.eos_token, "<e>");
  TokenizerParts parts;
  parts.vocabulary = {{"<a>", 0}, {"<e>", 1}};
  add_configured_tokens(config, parts);
  apply_special_ids(config, true, parts);
  EXPECT_EQ(parts.before, std::vector<int64_t>{0});
  EXPECT_EQ(parts.eos_id, 1);
  const auto marker =
      std::find_if(parts.added.begin(), parts.added.end(), [](const auto& t) {
        return t.content == "<m>";
      });
  ASSERT_NE(marker, parts.added.end());
  EXPECT_TRUE(marker->special);
}

}  // namespace
}  // namespace lineas
