// The vectors that transformers.js and llama.cpp publish for GPT-2 and Qwen2,
// and the ids that an independent C program found for stories260K. Outside
// data: read from $LINEAS_TEST_DATA.
#include <gtest/gtest.h>

#include "lineas/base/file.h"
#include "lineas/base/json.h"
#include "lineas/text/tokenizer.h"
#include "lineas/text/vocab_merges.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using Ids = std::vector<int64_t>;

class PublishedVectors : public ::testing::Test {
 protected:
  void SetUp() override {
    data_ = testing::test_data("");
    if (data_.empty()) GTEST_SKIP() << testing::kNoTestData;
  }

  std::string path(const std::string& name) const { return data_ + "/" + name; }

  std::unique_ptr<Tokenizer> qwen2() const {
    const std::string file = path("tokenizers/qwen2/merges.txt");
    const MergeList merges = parse_merges(read_file(file), file);
    TokenizerConfig config;
    config.tokenizer_class = "Qwen2Tokenizer";
    return make_vocab_merges_tokenizer(
        vocabulary_of(merges), merges, config, file);
  }

  /// GPT-2 from vocab.json and merges.txt alone.
  std::unique_ptr<Tokenizer> gpt2_files() const {
    const std::string vocabulary = path("tokenizers/gpt2/vocab.json");
    const std::string merges = path("tokenizers/gpt2/merges.txt");
    return make_vocab_merges_tokenizer(
        parse_vocabulary(read_file(vocabulary), vocabulary),
        parse_merges(read_file(merges), merges),
        TokenizerConfig(),
        merges);
  }

  /// text -> tokens, ids; ids -> decoded, all at once and id by id.
  void check_transformers_js(const Tokenizer& tokenizer,
                             const std::string& name) const {
    const Json vectors =
        read_json(path("tokenizers/" + name + "/vectors.json"));
    ASSERT_GT(vectors.size(), 20u);
    for (const auto& item : vectors.items()) {
      SCOPED_TRACE(name + " " + item.key());
      const Json& expected = item.value();
      const Ids ids = tokenizer.encode(expected["text"].get<std::string>());
      EXPECT_EQ(ids, expected["ids"].get<Ids>());
      const auto decoded = expected["decoded"].get<std::string>();
      EXPECT_EQ(tokenizer.decode(ids), decoded);
      const auto tokens = expected["tokens"].get<std::vector<std::string>>();
      for (size_t i = 0; i < std::min(tokens.size(), ids.size()); ++i) {
        EXPECT_EQ(tokenizer.id_of(tokens[i]), ids[i]) << tokens[i];
      }
    }
  }

  /// Cases of `.inp`, split by a line "__ggml_vocab_test__"; a line of ids
  /// each in `.out`.
  void check_llama_cpp(const Tokenizer& tokenizer,
                       const std::string& name) const {
    const std::string folder = path("tokenizers/" + name);
    const std::string input = read_file(folder + "/llamacpp.inp");
    std::istringstream output(read_file(folder + "/llamacpp.out"));
    const std::string separator = "\n__ggml_vocab_test__\n";
    size_t cases = 0;
    for (size_t at = 0; at < input.size(); ++cases) {
      const size_t end = std::min(input.find(separator, at), input.size());
      const std::string text = input.substr(at, end - at);
      at = end + separator.size();
      std::string line;
      ASSERT_TRUE(std::getline(output, line));
      std::istringstream numbers(line);
      Ids expected;
      for (int64_t id = 0; numbers >> id;) expected.push_back(id);
      EXPECT_EQ(tokenizer.encode(text), expected) << name << ": " << text;
    }
    EXPECT_GT(cases, 40u);
  }

 private:
  std::string data_;
};

TEST_F(PublishedVectors, Gpt2TokenizerJson) {
  const auto tokenizer = load_tokenizer(path("tokenizers/gpt2"));
  check_transformers_js(*tokenizer, "gpt2");
  check_llama_cpp(*tokenizer, "gpt2");
  EXPECT_EQ(tokenizer->vocab_size(), 50257);
  EXPECT_EQ(tokenizer->eos_id(), 50256);
  EXPECT_EQ(tokenizer->bos_id(), 50256);
}

TEST_F(PublishedVectors, Gpt2VocabAndMerges) {
  const auto tokenizer = gpt2_files();
  check_transformers_js(*tokenizer, "gpt2");
  check_llama_cpp(*tokenizer, "gpt2");
  EXPECT_EQ(tokenizer->vocab_size(), 50257);
  EXPECT_EQ(tokenizer->encode("a<|endoftext|>b"), (Ids{64, 50256, 65}));
}

TEST_F(PublishedVectors, Qwen2FromMerges) {
  const auto tokenizer = qwen2();
  check_transformers_js(*tokenizer, "qwen2");
  check_llama_cpp(*tokenizer, "qwen2");
}

TEST_F(PublishedVectors, Stories260K) {
  const auto tokenizer = load_tokenizer(path("models/stories260K"));
  const Json golden = read_json(path("models/stories260K/golden.json"));
  const auto text = golden["text"].get<std::string>();
  const auto ids = golden["tokens"].get<Ids>();
  EXPECT_EQ(tokenizer->encode(text), ids);
  EXPECT_EQ(tokenizer->decode(ids, true), text);
  EXPECT_EQ(tokenizer->decode(ids), "<s> " + text);
  EXPECT_EQ(tokenizer->encode(text, false), Ids(ids.begin() + 1, ids.end()));
  EXPECT_EQ(tokenizer->vocab_size(), 512);
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
}

}  // namespace
}  // namespace lineas
