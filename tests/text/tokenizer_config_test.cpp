#include "lineas/text/tokenizer_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "lineas/base/file.h"

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
  EXPECT_TRUE(config.values.empty());
  EXPECT_FALSE(config.has_class);
  EXPECT_TRUE(config.specials.empty());
}

TEST_F(TokenizerConfigTest, ReadsWhatMatters) {
  write("tokenizer_config.json", R"({
      "tokenizer_class": "LlamaTokenizerFast", "bos_token": {"content": "<s>"},
      "eos_token": "</s>", "add_bos_token": true, "add_eos_token": null,
      "clean_up_tokenization_spaces": false,
      "added_tokens_decoder": {"7": {"content": "<x>", "special": true}}})");
  const TokenizerConfig config = read();
  EXPECT_EQ(config.tokenizer_class, "LlamaTokenizer");
  EXPECT_EQ(config.specials.at("bos_token")->token.content, "<s>");
  EXPECT_FALSE(config.specials.at("bos_token")->is_bare);
  EXPECT_TRUE(config.specials.at("eos_token")->is_bare);
  EXPECT_TRUE(config.flag("add_bos_token", false));
  EXPECT_FALSE(config.flag("add_eos_token", true));
  EXPECT_FALSE(config.maybe("add_eos_token").has_value());
  ASSERT_EQ(config.added_tokens_decoder->size(), 1u);
  EXPECT_FALSE(config.added_tokens_decoder->at(7).is_normalized());
}

TEST_F(TokenizerConfigTest, TheOlderFilesCountWithoutADecoder) {
  write("tokenizer_config.json", R"({"bos_token": "<a>", "pad_token": null})");
  write("special_tokens_map.json",
        R"({"bos_token": "<b>", "eos_token": {"content": "<e>"},
            "additional_special_tokens": ["<m>"]})");
  write("added_tokens.json", R"({"<m>": 9, "<n>": 10})");
  TokenizerConfig config = read();
  EXPECT_EQ(config.specials.at("bos_token")->token.content, "<b>");
  EXPECT_TRUE(config.specials.at("eos_token")->token.special);
  EXPECT_FALSE(config.specials.at("pad_token").has_value());
  EXPECT_TRUE(config.added_tokens.at(9).special);
  EXPECT_FALSE(config.added_tokens.at(10).special);
  write("tokenizer_config.json",
        R"({"bos_token": "<a>", "added_tokens_decoder": {}})");
  config = read();
  EXPECT_EQ(config.specials.at("bos_token")->token.content, "<a>");
  EXPECT_TRUE(config.added_tokens.empty());
}

TEST_F(TokenizerConfigTest, TheModelsTypeGivesTheClass) {
  write("config.json", R"({"model_type": "mistral"})");
  EXPECT_EQ(read().tokenizer_class, "LlamaTokenizer");
  write("tokenizer_config.json", R"({"extra_special_tokens": ["<z>", "<y>"]})");
  EXPECT_EQ(read().extra.at(0).token.content, "<z>");
  EXPECT_EQ(tokenizer_class_of_model("olmo2"), "GPTNeoXTokenizer");
  EXPECT_EQ(tokenizer_class_of_model("of_tomorrow"), "");
}

TEST_F(TokenizerConfigTest, WhatOnlyTransformers5Loads) {
  const auto is_of_5 = [&](const std::string& text) {
    write("tokenizer_config.json", text);
    return read().is_of_5;
  };
  EXPECT_TRUE(is_of_5(R"({"tokenizer_class": "TokenizersBackend"})"));
  EXPECT_TRUE(is_of_5(R"({"extra_special_tokens": []})"));
  EXPECT_FALSE(is_of_5(R"({"extra_special_tokens": {}})"));
  EXPECT_FALSE(is_of_5(R"({"tokenizer_class": "PreTrainedTokenizerFast"})"));
}

}  // namespace
}  // namespace lineas
