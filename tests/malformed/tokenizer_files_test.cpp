// Tokenizer files that are wrong or ask for what is not supported: the message
// names the file and the feature.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/text/sentencepiece_source.h"
#include "lineas/text/tokenizer_json.h"
#include "lineas/text/vocab_merges.h"

namespace lineas {
namespace {

template <typename F>
void expect_error(F&& call, ErrorKind kind, const std::string& part) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
        << error.what();
    return;
  }
  ADD_FAILURE() << "accepted, expected: " << part;
}

/// A small right tokenizer.json to spoil.
Json plain() {
  return Json::parse(R"({
    "added_tokens": [{"id": 3, "content": "<s>", "special": true}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel"},
    "post_processor": null,
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2},
              "merges": ["a b"]}})");
}

void read(const Json& json) {
  read_tokenizer_json(json.dump(), TokenizerConfig(), "t.json");
}

void expect_spoiled(const std::string& pointer,
                    const Json& value,
                    ErrorKind kind,
                    const std::string& part) {
  Json json = plain();
  json[Json::json_pointer(pointer)] = value;
  expect_error([&] { read(json); }, kind, part);
}

TEST(TokenizerFiles, ThePlainOneIsRead) {
  const auto tokenizer =
      read_tokenizer_json(plain().dump(), TokenizerConfig(), "t.json");
  EXPECT_EQ(tokenizer->encode("ab<s>"), (std::vector<int64_t>{2, 3}));
}

TEST(TokenizerFiles, Unsupported) {
  const ErrorKind kind = ErrorKind::unsupported;
  expect_spoiled("/model/type", "Unheard", kind, "t.json: model");
  expect_spoiled("/version", "2.0", kind, "version");
  expect_spoiled("/model/dropout", 0.1, kind, "dropout");
  expect_spoiled("/normalizer", {{"type", "BertNormalizer"}}, kind, "Bert");
  expect_spoiled("/pre_tokenizer", {{"type", "UnicodeScripts"}}, kind, "Uni");
  expect_spoiled("/decoder", {{"type", "CTC"}}, kind, "CTC");
  expect_spoiled("/post_processor", {{"type", "Unheard"}}, kind, "Unheard");
}

TEST(TokenizerFiles, ContradictionsAreFormatErrors) {
  const ErrorKind kind = ErrorKind::format;
  expect_spoiled("/model/merges", {"a c"}, kind, "\"c\"");
  expect_spoiled("/model/merges", {"b a"}, kind, "\"a\"");
  expect_spoiled("/normalizer", {{"type", "Precompiled"}}, kind, "charsmap");
  expect_spoiled("/added_tokens", nullptr, kind, "added_tokens");
  expect_spoiled("/model/merges", {"ab"}, kind, "merge 1");
  expect_spoiled("/model/merges", {{"a", "b", "c"}}, kind, "merge 1");
  expect_spoiled("/model/merges", 3, kind, "merges");
  expect_spoiled("/model/vocab", Json::array(), kind, "vocab");
  expect_spoiled("/model/vocab/a", "x", kind, "\"a\"");
  expect_spoiled("/model/vocab/a", -1, kind, "id -1");
  expect_spoiled("/model/vocab/a", 1LL << 40, kind, "1099511627776");
  expect_spoiled("/added_tokens/0/content", 3, kind, "content");
  expect_spoiled("/added_tokens", "x", kind, "added_tokens");
  expect_spoiled("/pre_tokenizer/type", nullptr, kind, "type");
  expect_spoiled("/pre_tokenizer",
                 {{"type", "Split"},
                  {"behavior", "Isolated"},
                  {"invert", false},
                  {"pattern", {{"Regex", "(("}}}},
                 kind,
                 "((");
}

TEST(TokenizerFiles, NotJsonAtAll) {
  const TokenizerConfig config;
  for (const std::string text : {"", "{", "[]", "3", "{\"model\":3}"}) {
    expect_error([&] { read_tokenizer_json(text, config, "t.json"); },
                 ErrorKind::format,
                 "t.json");
  }
}

TEST(TokenizerFiles, Merges) {
  for (const std::string text : {"a b\nc\n", "a b\n c\n", "a b\nc d e\n"}) {
    expect_error([&] { parse_merges(text, "merges.txt"); },
                 ErrorKind::format,
                 "merges.txt:2");
  }
  EXPECT_EQ(parse_merges("#version: 0.2\r\n# #\r\n", "m").size(), 1u);
  EXPECT_TRUE(parse_merges("", "m").empty());
}

TEST(TokenizerFiles, Sentencepiece) {
  const TokenizerConfig config;
  for (const std::string bytes : {"", "junk", "\x0a\xff\xff\xff\xff\x0f"}) {
    expect_error([&] { read_sentencepiece(bytes, config, "t.model"); },
                 ErrorKind::format,
                 "t.model");
  }
}

TEST(TokenizerFiles, AFolderWithoutTokenizerSaysWhatWasLookedFor) {
  expect_error([] { load_tokenizer("no/such/folder"); },
               ErrorKind::not_found,
               "tokenizer.json, vocab.json with merges.txt, tokenizer.model");
}

TEST(TokenizerFiles, ABadConfigurationIsNamed) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      ("lineas-tokenizer-test-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = folder / "tokenizer_config.json";
  for (const char* text : {"{",
                           "[]",
                           "{\"bos_token\":3}",
                           "{\"added_tokens_decoder\":{\"x\":{}}}",
                           "{\"add_bos_token\":\"yes\"}"}) {
    write_file(path, text);
    expect_error([&] { load_tokenizer(folder); }, ErrorKind::format, path);
  }
  std::filesystem::remove_all(folder);
}

TEST(TokenizerFiles, TextThatIsNotUtf8AndBadIds) {
  const auto tokenizer =
      read_tokenizer_json(plain().dump(), TokenizerConfig(), "t.json");
  expect_error(
      [&] { tokenizer->encode("a\xff"); }, ErrorKind::format, "byte 1");
  const std::vector<int64_t> negative = {-1};
  expect_error([&] { tokenizer->decode(negative); }, ErrorKind::usage, "-1");
  EXPECT_EQ(tokenizer->decode(std::vector<int64_t>{0, 99, 1}), "ab");
}

}  // namespace
}  // namespace lineas
