// The metadata and tensors of GGUF files as config.json and weights. The files
// of tests/golden/data/gguf, made by tools/goldens/make_gguf.py, are held
// against the Hugging Face models that they were made from; the rest is built
// here.
#include "lineas/gguf/gguf_model.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lineas/gguf/architecture.h"
#include "lineas/gguf/decoder.h"
#include "lineas/gguf/gguf_weights.h"
#include "lineas/gguf/reading.h"
#include "lineas/gguf/rope_scaling.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/gguf.h"
#include "tests/support/test_name.h"

namespace lineas {
namespace {

using testing::GgufBuilder;

const std::string kFiles = LINEAS_SOURCE_DIR "/tests/golden/data/gguf";

std::vector<std::string> file_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFiles))
    if (entry.path().extension() == ".gguf")
      names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

/// The same as the script's: every element counts, and where it stands.
double checksum(const Tensor& weight) {
  const Tensor flat = weight.to(at::kDouble).flatten();
  return (flat * at::arange(flat.numel(), at::kDouble).cos())
      .sum()
      .item<double>();
}

bool is_close(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number())
    return std::abs(a.get<double>() - b.get<double>()) <=
           1e-6 * std::abs(b.get<double>());
  return a == b;
}

class GgufModelFile : public ::testing::TestWithParam<std::string> {
 protected:
  GgufModelFile()
      : golden_(read_json(kFiles + "/" + GetParam() + ".json")),
        model_(open_gguf_model(kFiles + "/" + GetParam() + ".gguf")) {}

  Json golden_;
  GgufModel model_;
};

TEST_P(GgufModelFile, SaysWhatConfigJsonSaid) {
  const Json& said = golden_["config"];
  for (const auto& item : said.items()) {
    // Scaling comes as the factors it amounts to; rope_scaling_test has it.
    if (item.key() == "rope_scaling" || item.key() == "eos_token_id") continue;
    if (item.value().is_null()) continue;  // it said nothing
    if (model_.config.contains(item.key()))
      EXPECT_TRUE(is_close(model_.config[item.key()], item.value()))
          << item.key() << ": " << model_.config[item.key()] << " for "
          << item.value();
  }
  EXPECT_EQ(model_.config["architectures"], said["architectures"]);
  EXPECT_EQ(model_.config["eos_token_id"], Json({2}));
  EXPECT_EQ(model_.config["bos_token_id"], 1);
}

TEST_P(GgufModelFile, HasTheWeightsOfTheCheckpoint) {
  const Json& weights = golden_["weights"];
  EXPECT_EQ(model_.weights->names().size(), weights.size());
  for (const auto& item : weights.items()) {
    ASSERT_TRUE(model_.weights->contains(item.key())) << item.key();
    const auto shape = item.value()["shape"].get<std::vector<int64_t>>();
    EXPECT_EQ(model_.weights->shape(item.key()), shape) << item.key();
    const Tensor weight =
        model_.weights->load(item.key(), at::kFloat, at::kCPU);
    EXPECT_EQ(weight.sizes(), at::IntArrayRef(shape)) << item.key();
    EXPECT_NEAR(checksum(weight), item.value()["checksum"].get<double>(), 1e-4)
        << item.key();
  }
}

INSTANTIATE_TEST_SUITE_P(Files,
                         GgufModelFile,
                         ::testing::ValuesIn(file_names()),
                         testing::test_name<std::string>);

TEST(GgufModel, EveryArchitectureHasAFile) {
  std::set<std::string> seen;
  for (const std::string& name : file_names())
    seen.insert(GgufFile(kFiles + "/" + name + ".gguf")
                    .metadata()
                    .require<std::string>("general.architecture"));
  for (const char* spelled : {
#define LINEAS_GGUF(name, spelled) spelled,
#include "lineas/gguf/architectures.def"
#undef LINEAS_GGUF
       })
    EXPECT_TRUE(seen.contains(spelled)) << spelled;
}

/// A llama of one layer, heads of 4.
class SmallLlama : public ::testing::Test {
 protected:
  static GgufBuilder keys() {
    GgufBuilder file;
    file.text("general.architecture", "llama")
        .u32("llama.context_length", 64)
        .u32("llama.embedding_length", 8)
        .u32("llama.block_count", 1)
        .u32("llama.feed_forward_length", 4)
        .u32("llama.attention.head_count", 2)
        .f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
    return file;
  }
  static GgufBuilder whole() {
    GgufBuilder file = keys();
    file.filled("token_embd.weight", {6, 8});
    return file;
  }
  std::string write(const GgufBuilder& file) const {
    folder_.write("m.gguf", file.bytes());
    return folder_ / "m.gguf";
  }
  Json config(const GgufBuilder& file) const {
    return open_gguf_model(write(file)).config;
  }
  void refuse(const GgufBuilder& file,
              ErrorKind kind,
              std::vector<std::string> parts) const {
    parts.emplace_back("m.gguf");
    testing::expect_error(kind, parts, [&] { config(file); });
  }
  testing::TempFolder folder_;
};

TEST_F(SmallLlama, TiesTheHeadThatIsNotThere) {
  EXPECT_EQ(config(whole())["tie_word_embeddings"], true);
  EXPECT_EQ(config(whole())["vocab_size"], 6);
  GgufBuilder untied = whole();
  untied.filled("output.weight", {6, 8});
  EXPECT_EQ(config(untied)["tie_word_embeddings"], false);
}

TEST_F(SmallLlama, EpsilonIsTheDecimalNumberThatWasMeant) {
  EXPECT_EQ(config(whole())["rms_norm_eps"].get<double>(), 1e-5);
}

TEST_F(SmallLlama, AWindowMakesItAMistral) {
  GgufBuilder file = whole();
  file.u32("llama.attention.sliding_window", 16);
  EXPECT_EQ(config(file)["architectures"], Json({"MistralForCausalLM"}));
  EXPECT_EQ(config(file)["sliding_window"], 16);
}

TEST_F(SmallLlama, EndsOfTurnsAreEndsToo) {
  GgufBuilder file = whole();
  file.u32("tokenizer.ggml.eos_token_id", 2)
      .u32("tokenizer.ggml.eot_token_id", 5)
      .u32("tokenizer.ggml.eom_token_id", 2);
  EXPECT_EQ(config(file)["eos_token_id"], Json({2, 5}));
}

TEST_F(SmallLlama, KeysThatChangeNumbersAreRefusedByName) {
  const auto with = [&](const char* key, uint32_t value) {
    GgufBuilder file = whole();
    return file.u32(std::string("llama.") + key, value);
  };
  const auto unsupported = ErrorKind::unsupported;
  refuse(with("attention.new_trick", 1), unsupported, {"new_trick"});
  refuse(with("expert_count", 8), unsupported, {"expert_count"});
  refuse(with("attention.value_length", 2), unsupported, {"value_length"});
  refuse(with("rope.dimension_count", 2), unsupported, {"dimension_count"});
  GgufBuilder backwards = whole();
  backwards.flag("llama.attention.causal", false);
  refuse(backwards, unsupported, {"attention.causal"});
  // At these nothing changes.
  config(with("expert_count", 0));
  config(with("rope.dimension_count", 4));
  GgufBuilder foreign = whole();
  foreign.text("general.name", "x").u32("quantize.imatrix.chunks", 9);
  config(foreign);
}

TEST_F(SmallLlama, MissingAndWrongKeys) {
  GgufBuilder nothing;
  refuse(nothing, ErrorKind::format, {"general.architecture"});
  GgufBuilder unknown;
  unknown.text("general.architecture", "mamba");
  refuse(unknown, ErrorKind::unsupported, {"mamba", "qwen2", "gemma2"});
  GgufBuilder adapter = whole();
  adapter.text("general.type", "adapter");
  refuse(adapter, ErrorKind::unsupported, {"adapter"});
  GgufBuilder bare;
  bare.text("general.architecture", "llama");
  refuse(bare, ErrorKind::format, {"llama.context_length"});
  refuse(keys(), ErrorKind::not_found, {"token_embd.weight"});
  GgufBuilder flat = keys();
  flat.filled("token_embd.weight", {6});
  refuse(flat, ErrorKind::format, {"token_embd.weight"});
}

TEST_F(SmallLlama, TensorsThatNoRuleNamesAreRefused) {
  GgufBuilder file = whole();
  file.filled("blk.0.attn_sinks.weight", {4});
  refuse(file, ErrorKind::unsupported, {"blk.0.attn_sinks.weight"});
}

TEST_F(SmallLlama, RowsOfHeadsAreBroughtBack) {
  GgufBuilder file = whole();
  std::string rows;
  // Two heads of four rows: a0 b0 a1 b1.
  for (const float row : {0, 2, 1, 3, 4, 6, 5, 7})
    for (int i = 0; i < 8; ++i) rows += testing::little(row);
  file.tensor("blk.0.attn_q.weight", {8, 8}, 0, rows);
  file.filled("blk.0.attn_k.weight", {6, 8});
  const auto weights = open_gguf_model(write(file)).weights;
  const Tensor q = weights->load(
      "model.layers.0.self_attn.q_proj.weight", at::kFloat, at::kCPU);
  EXPECT_TRUE(at::equal(q.select(1, 0), at::arange(8).to(at::kFloat)));
  testing::expect_error(
      ErrorKind::shape, {"m.gguf", "blk.0.attn_k.weight", "2 heads"}, [&] {
        weights->load(
            "model.layers.0.self_attn.k_proj.weight", at::kFloat, at::kCPU);
      });
}

TEST_F(SmallLlama, DtypeIsTheStoredOneUnlessQuantised) {
  EXPECT_EQ(open_gguf_model(write(whole())).weights->dtype(), at::kFloat);
  GgufBuilder half = keys();
  half.tensor("token_embd.weight", {1, 8}, 1, std::string(16, '\0'));
  EXPECT_EQ(open_gguf_model(write(half)).weights->dtype(), at::kHalf);
  GgufBuilder blocks = whole();
  blocks.tensor("output.weight", {1, 32}, 2, std::string(18, '\0'));
  EXPECT_EQ(open_gguf_model(write(blocks)).weights->dtype(), at::kBFloat16);
}

TEST_F(SmallLlama, FingerprintSeesBytesAndNames) {
  const auto of = [&](const GgufBuilder& file) {
    return open_gguf_model(write(file)).weights->fingerprint();
  };
  GgufBuilder other = keys();
  other.filled("token_embd.weight", {6, 8}, 1);
  EXPECT_EQ(of(whole()), of(whole()));
  EXPECT_NE(of(whole()), of(other));
}

TEST_F(SmallLlama, ErrorsNameTheTensorAsTheFileSpellsIt) {
  GgufBuilder file = whole();
  file.filled("output_norm.weight", {8});
  const auto weights = open_gguf_model(write(file)).weights;
  EXPECT_EQ(weights->stored_name("model.norm.weight"), "output_norm.weight");
  testing::expect_error(
      ErrorKind::not_found, {"m.gguf", "model.nor.weight"}, [&] {
        weights->load("model.nor.weight", at::kFloat, at::kCPU);
      });
}

using RopeScaling = SmallLlama;

TEST_F(RopeScaling, LinearAndNone) {
  EXPECT_FALSE(config(whole()).contains("rope_scaling"));
  GgufBuilder linear = whole();
  linear.text("llama.rope.scaling.type", "linear")
      .f32("llama.rope.scaling.factor", 4);
  EXPECT_EQ(config(linear)["rope_scaling"],
            Json({{"rope_type", "linear"}, {"factor", 4.0}}));
  GgufBuilder old = whole();
  old.f32("llama.rope.scale_linear", 2);
  EXPECT_EQ(config(old)["rope_scaling"]["factor"], 2.0);
  GgufBuilder none = whole();
  none.text("llama.rope.scaling.type", "none");
  EXPECT_FALSE(config(none).contains("rope_scaling"));
  GgufBuilder unknown = whole();
  unknown.text("llama.rope.scaling.type", "spiral");
  refuse(unknown, ErrorKind::unsupported, {"spiral"});
}

TEST_F(RopeScaling, Yarn) {
  GgufBuilder yarn = whole();
  yarn.text("llama.rope.scaling.type", "yarn")
      .f32("llama.rope.scaling.factor", 4)
      .u32("llama.rope.scaling.original_context_length", 16)
      .f32("llama.rope.scaling.yarn_beta_fast", 16);
  EXPECT_EQ(config(yarn)["rope_scaling"],
            Json({{"rope_type", "yarn"},
                  {"factor", 4.0},
                  {"original_max_position_embeddings", 16},
                  {"beta_fast", 16.0}}));
  GgufBuilder unread = yarn;
  unread.f32("llama.rope.scaling.yarn_log_multiplier", 0.1F);
  refuse(unread, ErrorKind::unsupported, {"yarn_log_multiplier"});
  yarn.f32("llama.rope.scaling.attn_factor", 2);
  refuse(yarn, ErrorKind::unsupported, {"attn_factor"});
}

TEST_F(RopeScaling, FactorsOfFrequencies) {
  GgufBuilder factors = whole();
  factors.tensor("rope_freqs.weight",
                 {2},
                 0,
                 testing::little(1.0F) + testing::little(8.1F));
  const Json scaling = config(factors)["rope_scaling"];
  EXPECT_EQ(scaling["rope_type"], "longrope");
  EXPECT_EQ(scaling["short_factor"], Json({1.0, 8.1}));
  EXPECT_EQ(scaling["long_factor"], scaling["short_factor"]);
  EXPECT_EQ(scaling["attention_factor"], 1.0);
  GgufBuilder ones = whole();
  ones.filled("rope_freqs.weight", {2}, 1);
  EXPECT_FALSE(config(ones).contains("rope_scaling"));
  GgufBuilder wrong = whole();
  wrong.filled("rope_freqs.weight", {3}, 2);
  refuse(wrong, ErrorKind::shape, {"rope_freqs.weight"});
  GgufBuilder half = whole();
  half.filled("rope_factors_long.weight", {2}, 2);
  refuse(half, ErrorKind::format, {"rope_factors_short.weight"});
}

}  // namespace
}  // namespace lineas
