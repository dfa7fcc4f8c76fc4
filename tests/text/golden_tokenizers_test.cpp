// Tiny tokenizers of every family against what transformers says of random
// multilingual text. Made by tools/goldens/make_tokenizers.py; run it again
// after changing it.
#include <gtest/gtest.h>

#include "lineas/base/json.h"
#include "lineas/base/utf8.h"
#include "lineas/text/tokenizer.h"

namespace lineas {
namespace {

using Ids = std::vector<int64_t>;

class GoldenTokenizer : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string folder = std::string(LINEAS_SOURCE_DIR) +
                               "/tests/golden/data/tokenizers/" + GetParam();
    tokenizer_ = load_tokenizer(folder);
    golden_ = read_json(folder + "/vectors.json");
  }

  std::unique_ptr<Tokenizer> tokenizer_;
  Json golden_;
};

TEST_P(GoldenTokenizer, Encodes) {
  ASSERT_GT(golden_["encode"].size(), 50u);
  for (const Json& item : golden_["encode"]) {
    const auto text = item["text"].get<std::string>();
    EXPECT_EQ(tokenizer_->encode(text), item["ids"].get<Ids>())
        << Json(text).dump(-1, ' ', true);
    EXPECT_EQ(tokenizer_->encode(text, false), item["bare"].get<Ids>())
        << Json(text).dump(-1, ' ', true);
  }
}

TEST_P(GoldenTokenizer, DecodesAtOnceAndIdById) {
  ASSERT_GT(golden_["decode"].size(), 50u);
  for (const Json& item : golden_["decode"]) {
    const auto ids = item["ids"].get<Ids>();
    EXPECT_EQ(tokenizer_->decode(ids), item["text"].get<std::string>())
        << item["ids"];
    EXPECT_EQ(tokenizer_->decode(ids, true), item["skipped"].get<std::string>())
        << item["ids"];
    StreamDecoder stream(*tokenizer_);
    std::string streamed;
    for (const int64_t id : ids) {
      const std::string piece = stream.push(id);
      EXPECT_FALSE(find_invalid_utf8(piece)) << "half a character";
      streamed += piece;
    }
    EXPECT_EQ(streamed + stream.finish(), item["text"].get<std::string>());
  }
}

TEST_P(GoldenTokenizer, KnowsItsSpecialIds) {
  const auto id = [](const std::optional<int64_t>& value) {
    return value ? Json(*value) : Json();
  };
  EXPECT_EQ(tokenizer_->vocab_size(), golden_["size"].get<int64_t>());
  EXPECT_EQ(id(tokenizer_->bos_id()), golden_["bos"]);
  EXPECT_EQ(id(tokenizer_->eos_id()), golden_["eos"]);
}

INSTANTIATE_TEST_SUITE_P(All,
                         GoldenTokenizer,
                         testing::Values("llama2",
                                         "llama2_model",
                                         "mistral",
                                         "gemma",
                                         "llama3",
                                         "qwen2",
                                         "qwen2_files",
                                         "deepseek",
                                         "config_wins",
                                         "config_silent",
                                         "config_around",
                                         "oniguruma",
                                         "word_piece",
                                         "clip_files",
                                         "t5_model",
                                         "llama_new_model",
                                         "llama_bare_model",
                                         "gemma_model"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace lineas
