// The special tokens that templates see, against special_tokens_map of
// transformers 4.57.1 for the same files.
#include "lineas/text/special_tokens.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using Json = nlohmann::ordered_json;

class SpecialTokens : public ::testing::Test {
 protected:
  Json read() const { return read_special_tokens(folder.path()); }
  testing::TempFolder folder;
};

TEST_F(SpecialTokens, NothingComesOfNothing) {
  EXPECT_EQ(read(), Json::object());
}

TEST_F(SpecialTokens, BothSpellingsOfATokenAreRead) {
  folder.write("tokenizer_config.json",
               R"({"bos_token": {"content": "<s>", "__type": "AddedToken"},
                   "eos_token": "</s>", "pad_token": null, "unk_token": "",
                   "additional_special_tokens": ["<a>", {"content": "<b>"}],
                   "extra_special_tokens": {"image_token": "<img>"}})");
  const Json tokens = read();
  EXPECT_EQ(tokens["bos_token"], "<s>");
  EXPECT_EQ(tokens["eos_token"], "</s>");
  EXPECT_EQ(tokens["image_token"], "<img>");
  EXPECT_EQ(tokens["additional_special_tokens"], Json({"<a>", "<b>"}));
  EXPECT_EQ(tokens.size(), 4u);
}

TEST_F(SpecialTokens, AClassHasDefaultsUnlessTheFileSaysNull) {
  folder.write(
      "tokenizer_config.json",
      R"({"tokenizer_class": "LlamaTokenizerFast", "bos_token": null})");
  const Json tokens = read();
  EXPECT_FALSE(tokens.contains("bos_token"));
  EXPECT_EQ(tokens["eos_token"], "</s>");
  EXPECT_EQ(tokens["unk_token"], "<unk>");
}

TEST_F(SpecialTokens, TheModelTypeTellsTheClass) {
  folder.write("config.json", R"({"model_type": "qwen3"})");
  EXPECT_EQ(read()["eos_token"], "<|endoftext|>");
  EXPECT_FALSE(read().contains("bos_token"));
  folder.write("config.json", R"({"model_type": "phi3"})");
  EXPECT_EQ(read()["bos_token"], "<s>");
}

TEST_F(SpecialTokens, TheOlderFileCountsWithoutAddedTokensDecoder) {
  folder.write("tokenizer_config.json", R"({"eos_token": "<new>"})");
  folder.write("special_tokens_map.json", R"({"eos_token": "<old>"})");
  EXPECT_EQ(read()["eos_token"], "<old>");
  folder.write("tokenizer_config.json",
               R"({"eos_token": "<new>", "added_tokens_decoder": {}})");
  EXPECT_EQ(read()["eos_token"], "<new>");
}

TEST_F(SpecialTokens, AWrongTypeIsNamed) {
  folder.write("tokenizer_config.json", R"({"bos_token": 3})");
  testing::expect_error(ErrorKind::format, {"bos_token"}, [&] { read(); });
}

}  // namespace
}  // namespace lineas
