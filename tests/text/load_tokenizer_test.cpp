// Which of a folder's files is read, and what a tokenizer says of itself.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "lineas/text/tokenizer.h"

namespace lineas {
namespace {

namespace fs = std::filesystem;

const fs::path kTokenizers =
    fs::path(LINEAS_SOURCE_DIR) / "tests/golden/data/tokenizers";

class LoadTokenizer : public testing::Test {
 protected:
  LoadTokenizer()
      : folder_(fs::temp_directory_path() /
                ("lineas-load-test-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~LoadTokenizer() override { fs::remove_all(folder_); }

  void copy(const std::string& from, const std::string& name) const {
    fs::copy_file(kTokenizers / from / name, folder_ / name);
  }

  fs::path folder_;
};

TEST_F(LoadTokenizer, NewerFilesComeFirst) {
  copy("llama2_model", "tokenizer.model");
  EXPECT_TRUE(load_tokenizer(folder_)->id_of("<0x41>").has_value());
  copy("qwen2_files", "vocab.json");
  EXPECT_TRUE(load_tokenizer(folder_)->id_of("<0x41>").has_value());
  copy("qwen2_files", "merges.txt");
  EXPECT_FALSE(load_tokenizer(folder_)->id_of("<0x41>").has_value());
  copy("llama3", "tokenizer.json");
  const auto tokenizer = load_tokenizer(folder_);
  EXPECT_TRUE(tokenizer->id_of("<|eot_id|>").has_value());
  EXPECT_EQ(tokenizer->bos_id(), tokenizer->id_of("<|begin_of_text|>"));
}

TEST_F(LoadTokenizer, TokenBytes) {
  const auto llama = load_tokenizer(kTokenizers / "llama2");
  EXPECT_EQ(llama->token_bytes(*llama->id_of("<0xC3>")), "\xc3");
  EXPECT_EQ(llama->token_bytes(*llama->id_of("\xe2\x96\x81")), " ");
  const auto qwen = load_tokenizer(kTokenizers / "qwen2");
  EXPECT_EQ(qwen->token_bytes(*qwen->id_of("\xc4\xa0")), " ");
  EXPECT_EQ(qwen->token_bytes(1 << 20), "");
  EXPECT_TRUE(qwen->is_special(*qwen->id_of("<|im_end|>")));
  EXPECT_FALSE(qwen->is_special(0));
}

}  // namespace
}  // namespace lineas
