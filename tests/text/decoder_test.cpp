// Decoders that are chains (lineas/text/decode_steps.cpp), and the parts
// around a text.
#include "lineas/text/decoder.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"
#include "lineas/text/post_processor.h"

namespace lineas {
namespace {

std::string decoded(const char* spec, const std::vector<std::string>& words) {
  Vocabulary vocabulary;
  for (const std::string& word : words) {
    vocabulary.emplace_back(word, static_cast<int64_t>(vocabulary.size()));
  }
  const TokenTable table(vocabulary, {}, "t");
  const Decoding decoding = read_decoder(Json::parse(spec), "t");
  const auto stream = make_decode_stream(table, decoding, false);
  std::string text;
  for (size_t id = 0; id < words.size(); ++id) {
    text += stream->push(static_cast<int64_t>(id));
  }
  return text + stream->finish();
}

// Expected: tokenizers 0.22, decoders.X.decode.
TEST(Decoder, Chains) {
  EXPECT_EQ(decoded("null", {"a", "b"}), "a b");
  EXPECT_EQ(decoded(R"({"type": "WordPiece", "prefix": "##", "cleanup": true})",
                    {"he", "##y", "do", "##not", "."}),
            "hey donot.");
  EXPECT_EQ(decoded(R"({"type": "BPEDecoder", "suffix": "</w>"})",
                    {"a</w>", "b", "c</w>"}),
            "a bc");
  EXPECT_EQ(decoded(R"({"type": "Sequence", "decoders": [{"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 1}]})",
                    {"  a", "b  "}),
            " ab ");
  EXPECT_EQ(decoded(R"({"type": "Sequence", "decoders": [
                {"type": "ByteFallback"}, {"type": "Metaspace",
                "replacement": "_", "prepend_scheme": "always"}]})",
                    {"_a", "<0xC3>", "<0xA9>", "<0xFF>", "_b"}),
            "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd b");
  EXPECT_EQ(decoded(R"({"type": "Replace", "pattern": {"Regex": "x+"},
                "content": "-"})",
                    {"axx", "xb"}),
            "a--b");
}

TEST(PostProcessor, IdsAroundAText) {
  const auto read = [](const char* spec) {
    return read_post_processor(Json::parse(spec), "t");
  };
  const IdsAround bert =
      read(R"({"type": "BertProcessing", "sep": ["b", 3], "cls": ["a", 4]})");
  EXPECT_EQ(bert.before, std::vector<int64_t>{4});
  EXPECT_EQ(bert.after, std::vector<int64_t>{3});
  EXPECT_TRUE(read("null").before.empty());
  EXPECT_THROW(read(R"({"type": "TemplateProcessing", "special_tokens": {},
                        "single": []})"),
               Error);
  EXPECT_THROW(read(R"({"type": "Sequence", "processors": [
      {"type": "BertProcessing", "sep": ["b", 3], "cls": ["a", 4]},
      {"type": "BertProcessing", "sep": ["b", 3], "cls": ["a", 4]}]})"),
               Error);
}

}  // namespace
}  // namespace lineas
