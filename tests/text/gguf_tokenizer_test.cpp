// Tokenizers out of GGUF metadata. The families of tests/golden are written as
// converters write them, and must do what transformers does with their own
// files.
#include "lineas/text/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "lineas/base/file.h"
#include "lineas/base/gguf.h"
#include "lineas/text/chat_template.h"
#include "lineas/text/gguf_pre_tokenizer.h"
#include "lineas/text/gguf_vocabulary.h"
#include "lineas/text/sentencepiece_model.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/gguf.h"

namespace lineas {
namespace {

using Ids = std::vector<int64_t>;
using testing::GgufBuilder;

const std::string kFamilies =
    LINEAS_SOURCE_DIR "/tests/golden/data/tokenizers/";

/// A file's bytes with the tokenizer read from them.
struct Read {
  explicit Read(const GgufBuilder& file)
      : bytes(file.bytes()),
        metadata(
            parse_gguf(std::as_bytes(std::span(bytes)), "m.gguf").metadata),
        tokenizer(read_gguf_tokenizer(metadata)) {}
  std::string bytes;
  GgufMetadata metadata;
  std::unique_ptr<Tokenizer> tokenizer;
};

/// What the converter makes of a byte-level tokenizer.json.
GgufBuilder converted(const std::string& family, const std::string& pre) {
  const Json json = read_json(kFamilies + family + "/tokenizer.json");
  std::map<int64_t, std::string> tokens;
  std::map<int64_t, int32_t> kinds;
  for (const auto& item : json["model"]["vocab"].items())
    tokens[item.value().get<int64_t>()] = item.key();
  for (const Json& added : json["added_tokens"]) {
    tokens[added["id"]] = added["content"];
    kinds[added["id"]] = added["special"].get<bool>() ? 3 : 4;
  }
  std::vector<std::string> spelled, merges;
  std::vector<int32_t> types;
  for (int64_t id = 0; id <= tokens.rbegin()->first; ++id) {
    spelled.push_back(tokens.contains(id) ? tokens[id]
                                          : "[PAD" + std::to_string(id) + "]");
    types.push_back(tokens.contains(id) ? std::max(kinds[id], 1) : 5);
  }
  for (const Json& merge : json["model"]["merges"])
    merges.push_back(merge.is_string() ? merge.get<std::string>()
                                       : merge[0].get<std::string>() + " " +
                                             merge[1].get<std::string>());
  GgufBuilder file;
  file.text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", pre)
      .texts("tokenizer.ggml.tokens", spelled)
      .i32s("tokenizer.ggml.token_type", types)
      .texts("tokenizer.ggml.merges", merges);
  return file;
}

uint32_t id_in(const std::string& family, const std::string& token) {
  const Json json = read_json(kFamilies + family + "/tokenizer.json");
  for (const Json& added : json["added_tokens"])
    if (added["content"] == token) return added["id"];
  ADD_FAILURE() << token;
  return 0;
}

void expect_vectors(const Tokenizer& tokenizer,
                    const std::string& family,
                    const std::vector<std::string>& without) {
  const auto is_out = [&](const std::string& text) {
    return std::any_of(without.begin(), without.end(), [&](const auto& token) {
      return text.find(token) != std::string::npos;
    });
  };
  const Json golden = read_json(kFamilies + family + "/vectors.json");
  size_t compared = 0;
  for (const Json& item : golden["encode"]) {
    const auto text = item["text"].get<std::string>();
    if (is_out(text)) continue;
    ++compared;
    EXPECT_EQ(tokenizer.encode(text), item["ids"].get<Ids>()) << item["text"];
    EXPECT_EQ(tokenizer.encode(text, false), item["bare"].get<Ids>())
        << item["text"];
  }
  EXPECT_GT(compared, 40U);
  for (const Json& item : golden["decode"]) {
    if (is_out(item["text"].get<std::string>())) continue;
    const auto ids = item["ids"].get<Ids>();
    EXPECT_EQ(tokenizer.decode(ids), item["text"].get<std::string>());
    EXPECT_EQ(tokenizer.decode(ids, true), item["skipped"].get<std::string>());
  }
}

TEST(GgufTokenizer, Llama3AsTransformersHasIt) {
  GgufBuilder file = converted("llama3", "llama-bpe");
  file.u32("tokenizer.ggml.bos_token_id", id_in("llama3", "<|begin_of_text|>"));
  file.u32("tokenizer.ggml.eos_token_id", id_in("llama3", "<|end_of_text|>"));
  const Read read(file);
  expect_vectors(*read.tokenizer, "llama3", {});
  const Json golden = read_json(kFamilies + "llama3/vectors.json");
  EXPECT_EQ(read.tokenizer->bos_id(), golden["bos"].get<int64_t>());
  EXPECT_EQ(read.tokenizer->eos_id(), golden["eos"].get<int64_t>());
}

// Three of its tokens have traits that GGUF files cannot say.
TEST(GgufTokenizer, Qwen2AsTransformersHasIt) {
  GgufBuilder file = converted("qwen2", "qwen2");
  file.u32("tokenizer.ggml.eos_token_id", id_in("qwen2", "<|im_end|>"));
  expect_vectors(
      *Read(file).tokenizer, "qwen2", {"[STRIP]", "[WORD]", "[NORM]"});
}

/// What the converter makes of a tokenizer.model.
GgufBuilder converted_pieces(const std::string& path) {
  const SentencePieceModel model = parse_sentencepiece(read_file(path), path);
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<int32_t> kinds;
  const auto id_of = [&](const std::string& token) {
    const auto at = std::find(tokens.begin(), tokens.end(), token);
    return static_cast<uint32_t>(at - tokens.begin());
  };
  for (const SentencePiece& piece : model.pieces) {
    tokens.push_back(piece.text);
    scores.push_back(piece.score);
    kinds.push_back(static_cast<int32_t>(piece.type));
  }
  GgufBuilder file;
  file.text("tokenizer.ggml.model", "llama")
      .texts("tokenizer.ggml.tokens", tokens)
      .f32s("tokenizer.ggml.scores", scores)
      .i32s("tokenizer.ggml.token_type", kinds)
      .u32("tokenizer.ggml.bos_token_id", id_of("<s>"))
      .u32("tokenizer.ggml.eos_token_id", id_of("</s>"))
      .u32("tokenizer.ggml.unknown_token_id", id_of("<unk>"));
  return file;
}

TEST(GgufTokenizer, SentencePieceByScoresAsTransformersHasIt) {
  const GgufBuilder file =
      converted_pieces(kFamilies + "llama2_model/tokenizer.model");
  expect_vectors(*Read(file).tokenizer, "llama2_model", {});
}

TEST(GgufTokenizer, SentencePieceObeysThePrefixAndTheEnds) {
  const std::string path = kFamilies + "llama2_model/tokenizer.model";
  const Read plain(converted_pieces(path));
  GgufBuilder other = converted_pieces(path);
  other.flag("tokenizer.ggml.add_space_prefix", false)
      .flag("tokenizer.ggml.add_bos_token", false)
      .flag("tokenizer.ggml.add_eos_token", true);
  const Read read(other);
  const Ids ids = read.tokenizer->encode("a");
  EXPECT_EQ(ids.back(), read.tokenizer->eos_id());
  EXPECT_NE(ids.front(), read.tokenizer->bos_id());
  EXPECT_EQ(plain.tokenizer->encode("a").front(), plain.tokenizer->bos_id());
  EXPECT_EQ(read.tokenizer->decode(ids, true), "a");
  EXPECT_NE(read.tokenizer->encode("a", false),
            plain.tokenizer->encode("a", false));
}

/// A byte-level tokenizer of a few tokens.
GgufBuilder small() {
  GgufBuilder file;
  file.text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", "gpt-2")
      .texts("tokenizer.ggml.tokens",
             {"a", "b", "ab", "<s>", "[PAD4]", "<own>", "1", "2", "12"})
      .i32s("tokenizer.ggml.token_type", {1, 1, 1, 3, 5, 4, 1, 1, 1})
      .texts("tokenizer.ggml.merges", {"a b", "1 2"});
  return file;
}

TEST(GgufTokenizer, KindsOfTokens) {
  const Read read(small());
  const Tokenizer& tokenizer = *read.tokenizer;
  EXPECT_EQ(tokenizer.encode("ab<s>a<own>b"), (Ids{2, 3, 0, 5, 1}));
  EXPECT_TRUE(tokenizer.is_special(3));
  EXPECT_FALSE(tokenizer.is_special(5));
  EXPECT_EQ(tokenizer.decode(Ids{2, 3, 5}, true), "ab<own>");
  EXPECT_EQ(tokenizer.vocab_size(), 9);
}

TEST(GgufTokenizer, TheNameSaysHowDigitsAreCut) {
  EXPECT_EQ(Read(small()).tokenizer->encode("12"), Ids{8});
  GgufBuilder digits;
  digits.text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", "smollm")
      .texts("tokenizer.ggml.tokens", {"1", "2", "12"})
      .texts("tokenizer.ggml.merges", {"1 2"});
  EXPECT_EQ(Read(digits).tokenizer->encode("12"), (Ids{0, 1}));
}

TEST(GgufTokenizer, EveryNameMakesATokenizer) {
  std::set<std::string> ways;
  for (const char* name : {
#define LINEAS_GGUF_PRE(name, way, flags) name,
#include "lineas/text/gguf_pre_tokenizers.def"
#undef LINEAS_GGUF_PRE
       }) {
    GgufBuilder file;
    file.text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", name)
        .texts("tokenizer.ggml.tokens", {"a", "b", "ab"})
        .texts("tokenizer.ggml.merges", {"a b"});
    EXPECT_EQ(Read(file).tokenizer->encode("ab", false), Ids{2}) << name;
  }
}

TEST(GgufTokenizer, WithoutANameItIsTheDefaultWithAWarning) {
  GgufBuilder file;
  file.text("tokenizer.ggml.model", "gpt2")
      .texts("tokenizer.ggml.tokens", {"a"})
      .texts("tokenizer.ggml.merges", {});
  const testing::LogCapture log;
  EXPECT_EQ(Read(file).tokenizer->encode("a"), Ids{0});
  ASSERT_EQ(log.messages.size(), 1U);
  EXPECT_NE(log.messages[0].find("tokenizer.ggml.pre"), std::string::npos);
}

TEST(GgufTokenizer, TheChatTemplateHasTheSpecialTokens) {
  GgufBuilder file = small();
  file.u32("tokenizer.ggml.bos_token_id", 3)
      .text("tokenizer.chat_template", "{{ bos_token }}");
  const testing::TempFolder folder;
  folder.write("m.gguf", file.bytes());
  EXPECT_EQ(gguf_chat_template(folder / "m.gguf"), "{{ bos_token }}");
  const OrderedJson said = {{{"role", "user"}, {"content", "x"}}};
  EXPECT_EQ(ChatTemplate::load(folder / "m.gguf").render(said), "<s>");
  EXPECT_EQ(load_tokenizer(folder / "m.gguf")->bos_id(), 3);
}

void refuse(const GgufBuilder& file,
            ErrorKind kind,
            std::vector<std::string> parts) {
  parts.emplace_back("m.gguf");
  testing::expect_error(kind, parts, [&] { Read read(file); });
}

GgufBuilder bpe(const std::string& kind, const std::string& pre) {
  GgufBuilder file;
  file.text("tokenizer.ggml.model", kind).text("tokenizer.ggml.pre", pre);
  return file;
}

TEST(GgufTokenizer, KindsThatAreNotKnownAreRefusedByName) {
  for (const char* kind : {"t5", "bert", "rwkv", "plamo2"})
    refuse(bpe(kind, "default"), ErrorKind::unsupported, {kind});
  refuse(GgufBuilder(), ErrorKind::not_found, {"tokenizer.ggml.model"});
  refuse(bpe("none", "x"), ErrorKind::not_found, {"no tokenizer"});
  GgufBuilder pre = bpe("gpt2", "kimi-k2");
  pre.texts("tokenizer.ggml.tokens", {"a"}).texts("tokenizer.ggml.merges", {});
  refuse(pre, ErrorKind::unsupported, {"kimi-k2", "qwen2"});
}

TEST(GgufTokenizer, ListsThatDoNotFitAreRefused) {
  const auto format = ErrorKind::format;
  refuse(bpe("gpt2", "gpt-2"), format, {"tokenizer.ggml.tokens"});
  GgufBuilder merges = bpe("gpt2", "gpt-2");
  merges.texts("tokenizer.ggml.tokens", {"a", "b"});
  refuse(merges, format, {"tokenizer.ggml.merges"});
  for (const char* merge : {"ab", "a b c", "a ", ""}) {
    GgufBuilder wrong = merges;
    wrong.texts("tokenizer.ggml.merges", {merge});
    refuse(wrong, format, {"merge 1"});
  }
  GgufBuilder unknown = merges;
  unknown.texts("tokenizer.ggml.merges", {"a b"});
  refuse(unknown, format, {"merge 1", "\"b\""});
  GgufBuilder kinds = small();
  kinds.u32("tokenizer.ggml.eos_token_id", 9);
  refuse(kinds, format, {"eos_token_id", "9"});
  GgufBuilder bytes = bpe("gpt2", "gpt-2");
  bytes.texts("tokenizer.ggml.tokens", {"a", "\xff"});
  refuse(bytes, format, {"token 1", "UTF-8"});
  GgufBuilder few = merges;
  few.i32s("tokenizer.ggml.token_type", {1});
  refuse(few, format, {"token_type"});
  GgufBuilder odd = merges;
  odd.i32s("tokenizer.ggml.token_type", {1, 7});
  refuse(odd, format, {"token_type", "7"});
}

TEST(GgufTokenizer, ScoresThatDoNotFitAreRefused) {
  GgufBuilder file;
  file.text("tokenizer.ggml.model", "llama")
      .texts("tokenizer.ggml.tokens", {"<unk>", "a"});
  refuse(file, ErrorKind::format, {"tokenizer.ggml.scores"});
  GgufBuilder few = file;
  few.f32s("tokenizer.ggml.scores", {0});
  refuse(few, ErrorKind::format, {"scores"});
  GgufBuilder infinite = file;
  infinite.f32s("tokenizer.ggml.scores", {0, INFINITY});
  refuse(infinite, ErrorKind::format, {"token 1"});
  GgufBuilder extra = file;
  extra.f32s("tokenizer.ggml.scores", {0, 0})
      .flag("tokenizer.ggml.remove_extra_whitespaces", true);
  refuse(extra, ErrorKind::unsupported, {"remove_extra_whitespaces"});
}

}  // namespace
}  // namespace lineas
