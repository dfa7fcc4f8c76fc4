// Model folders that are broken, incomplete or lie: each must end in an Error
// that names the file, the tensor or the key, or in a warning that does.
#include "lineas/models/language_model.h"
#include "tests/support/checkpoint.h"
#include "tests/support/errors.h"
#include "tests/support/language_model_run.h"

namespace lineas {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::LogCapture;
using testing::Tensors;

/// A copy of a good model folder, to be broken.
class ModelFolder : public testing::TempFolder {
 public:
  explicit ModelFolder(const std::string& fixture) {
    fs::copy(testing::fixtures() + "/" + fixture, path());
    fs::remove(*this / "golden.json");
    fs::remove(*this / "golden.safetensors");
  }

  Json config() const { return read_json(*this / "config.json"); }
  void set(const std::string& key, const Json& value) const {
    Json changed = config();
    changed[key] = value;
    write("config.json", changed.dump());
  }
  void unset(const std::string& key) const {
    Json changed = config();
    changed.erase(key);
    write("config.json", changed.dump());
  }
  template <typename Edit>
  void edit_tensors(Edit edit) const {
    Tensors tensors = testing::read_tensors(*this / "model.safetensors");
    edit(tensors);
    testing::write_tensors(*this / "model.safetensors", tensors);
  }
  void cut(const std::string& file, uintmax_t bytes) const {
    fs::resize_file(*this / file, bytes);
  }
  std::unique_ptr<LanguageModel> load() const {
    return load_language_model(path());
  }
};

void expect_refused(const ModelFolder& folder,
                    ErrorKind kind,
                    std::vector<std::string> parts) {
  parts.push_back(folder.path());
  expect_error(kind, parts, [&] { folder.load(); });
}

std::vector<std::string> warnings_of(const ModelFolder& folder) {
  LogCapture log;
  folder.load();
  return log.messages;
}

TEST(ModelFolder, NoSuchFolderOrFiles) {
  expect_error(ErrorKind::not_found, {"nowhere/at/all"}, [] {
    load_language_model("nowhere/at/all");
  });
  const ModelFolder no_config("mistral");
  fs::remove(no_config / "config.json");
  expect_refused(no_config, ErrorKind::not_found, {"config.json"});
  const ModelFolder no_weights("mistral");
  fs::remove(no_weights / "model.safetensors");
  expect_refused(no_weights, ErrorKind::not_found, {"model.safetensors"});
}

TEST(ModelFolder, APickleThatIsNoneIsRefused) {
  const ModelFolder folder("mistral");
  fs::rename(folder / "model.safetensors", folder / "pytorch_model.bin");
  expect_refused(folder,
                 ErrorKind::format,
                 {"pytorch_model.bin", "not a file of torch.save"});
}

TEST(ModelFolder, APickleThatCallsIsRefusedByName) {
  const ModelFolder folder("mistral");
  fs::remove(folder / "model.safetensors");
  fs::copy(LINEAS_SOURCE_DIR "/tests/tensor/data/evil.bin",
           folder / "pytorch_model.bin");
  expect_refused(folder, ErrorKind::unsupported, {"posix.system"});
}

TEST(ModelFolder, UnknownArchitectureListsTheKnown) {
  const ModelFolder folder("mistral");
  folder.set("architectures", Json::array({"BambooForCausalLM"}));
  folder.unset("model_type");
  std::vector<std::string> parts = known_architectures();
  EXPECT_EQ(parts.size(), 12u);
  parts.push_back("\"BambooForCausalLM\"");
  expect_refused(folder, ErrorKind::unsupported, parts);
  folder.set("model_type", "bamboo");
  expect_refused(folder,
                 ErrorKind::unsupported,
                 {"\"model_type\" \"bamboo\"", "gemma3_text, gpt2"});
}

TEST(ModelFolder, WellKnownTypesSayWhyNot) {
  const ModelFolder folder("gemma3");
  for (const auto& [type, reason] : {std::pair("gemma3", "pictures"),
                                     {"mixtral", "mixtures of experts"},
                                     {"mamba", "attention"},
                                     {"t5", "encoder"},
                                     {"gpt_neox", "layers"}}) {
    folder.set("model_type", type);
    expect_refused(folder, ErrorKind::unsupported, {type, reason, "known: "});
  }
}

TEST(ModelFolder, ModelTypeDecides) {
  const ModelFolder folder("mistral");
  for (const Json& value : {Json(nullptr), Json::array({"MistralModel"})}) {
    folder.set("architectures", value);
    EXPECT_TRUE(warnings_of(folder).empty());
    EXPECT_EQ(folder.load()->info().architecture, "MistralForCausalLM");
  }
  folder.set("architectures", Json::array({"LlamaForCausalLM"}));
  const std::vector<std::string> warnings = warnings_of(folder);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("LlamaForCausalLM"), std::string::npos);
}

TEST(ModelFolder, ArchitecturesThatSayNothing) {
  const ModelFolder folder("mistral");
  folder.unset("model_type");
  for (const Json& value : {Json::array(),
                            Json::array({"A", "B"}),
                            Json("MistralForCausalLM"),
                            Json(nullptr),
                            Json::array({7})}) {
    folder.set("architectures", value);
    expect_refused(folder, ErrorKind::format, {"architectures"});
  }
  folder.unset("architectures");
  expect_refused(folder,
                 ErrorKind::format,
                 {"neither \"model_type\" nor \"architectures\""});
}

TEST(ModelFolder, Quantised) {
  const ModelFolder config("mistral");
  config.set("quantization_config", {{"quant_method", "gptq"}, {"bits", 4}});
  expect_refused(config,
                 ErrorKind::unsupported,
                 {"\"quantization_config\"", "with GPTQ", "GGUF"});
  config.set("quantization_config", nullptr);
  EXPECT_NO_THROW(config.load());
  const ModelFolder tensors("mistral");
  tensors.edit_tensors([](Tensors& all) {
    const std::string module = "model.layers.0.mlp.up_proj.";
    all[module + "qweight"] = at::ones({3}, at::kInt);
    all.erase(module + "weight");
  });
  expect_refused(
      tensors, ErrorKind::unsupported, {"with GPTQ or AWQ", "qweight"});
}

TEST(ModelFolder, WhatTransformersObeysAndThisDoesNot) {
  const std::vector<std::tuple<const char*, const char*, Json>> cases = {
      {"mistral", "pruned_heads", {{"0", {1}}}},
      {"mistral", "transformers_weights", "other.safetensors"},
      {"gemma3", "use_bidirectional_attention", true},
      {"gpt2", "scale_attn_by_inverse_layer_idx", true},
      {"gpt2", "scale_attn_weights", false},
      {"mistral", "dtype", "float8_e4m3fn"}};
  for (const auto& [fixture, key, value] : cases) {
    const ModelFolder folder(fixture);
    folder.set(key, value);
    expect_refused(folder, ErrorKind::unsupported, {"config.json", key});
  }
  const ModelFolder adapter("mistral");
  adapter.write("adapter_config.json", "{}");
  expect_refused(adapter, ErrorKind::unsupported, {"adapter_config.json"});
}

TEST(ModelFolder, TheTypeThatTheConfigSays) {
  const ModelFolder folder("mistral");
  folder.set("torch_dtype", "float16");
  EXPECT_EQ(folder.load()->dtype(), at::kFloat);  // "dtype" is there too
  folder.unset("dtype");
  EXPECT_EQ(folder.load()->dtype(), at::kHalf);
  folder.set("torch_dtype", nullptr);
  EXPECT_EQ(folder.load()->dtype(), at::kFloat);
}

TEST(ModelFolder, OneThingUnderTwoNamesMustAgree) {
  const ModelFolder folder("gpt2");
  folder.set("hidden_size", 24);
  EXPECT_NO_THROW(folder.load());
  folder.set("hidden_size", 48);
  expect_refused(
      folder, ErrorKind::format, {"\"n_embd\" is 24", "\"hidden_size\" is 48"});
}

TEST(ModelFolder, ConfigThatIsNotAnObject) {
  const ModelFolder folder("mistral");
  for (const char* text : {"", "[]", "3", "{\"architectures\": [", "<html>"}) {
    folder.write("config.json", text);
    expect_refused(folder, ErrorKind::format, {"config.json"});
  }
}

// A key that is left out is its class's default, here too large for the file.
TEST(ModelFolder, MissingSizesAreTheDefaults) {
  const ModelFolder folder("mistral");
  folder.unset("vocab_size");
  expect_refused(folder,
                 ErrorKind::shape,
                 {"\"model.embed_tokens.weight\"", "asks for [32000, 24]"});
  const ModelFolder context("mistral");
  context.unset("max_position_embeddings");
  EXPECT_EQ(context.load()->info().context, 131072);
}

TEST(ModelFolder, SizesThatAreNone) {
  for (const char* key : {"vocab_size",
                          "hidden_size",
                          "num_hidden_layers",
                          "num_attention_heads",
                          "num_key_value_heads",
                          "intermediate_size",
                          "head_dim",
                          "sliding_window"})
    for (const Json& value : {Json(-24),
                              Json(0),
                              Json(2.5),
                              Json("24"),
                              Json(true),
                              Json(int64_t{1} << 40),
                              Json(~uint64_t{0}),
                              Json::array({24})}) {
      const ModelFolder folder("mistral");
      folder.set(key, value);
      expect_refused(folder, ErrorKind::format, {fmt::format("\"{}\"", key)});
    }
}

struct BadValue {
  const char* fixture;
  const char* key;
  Json value;
  ErrorKind kind;
  std::string part;
};

TEST(ModelFolder, ValuesThatDoNotFit) {
  const std::vector<BadValue> cases = {
      {"mistral", "head_dim", 7, ErrorKind::format, "even"},
      {"mistral", "num_key_value_heads", 3, ErrorKind::format, "multiple"},
      {"gemma2", "num_key_value_heads", 3, ErrorKind::format, "multiple"},
      {"gpt2", "n_head", 5, ErrorKind::format, "multiple"},
      {"mistral", "rms_norm_eps", "tiny", ErrorKind::format, "rms_norm_eps"},
      {"mistral", "rope_theta", "big", ErrorKind::format, "rope_theta"},
      {"mistral", "rope_theta", 0, ErrorKind::format, "rope_theta"},
      {"mistral", "rope_scaling", 8, ErrorKind::format, "not an object"},
      {"mistral", "rms_norm_eps", nullptr, ErrorKind::format, "rms_norm_eps"},
      {"mistral", "hidden_act", nullptr, ErrorKind::format, "hidden_act"},
      {"qwen3", "head_dim", nullptr, ErrorKind::format, "head_dim"},
      {"qwen3-moe", "num_key_value_heads", nullptr, ErrorKind::format, "key"},
      {"qwen3-moe", "num_experts_per_tok", 5, ErrorKind::format, "of 4"},
      {"qwen3-moe", "num_experts", -1, ErrorKind::format, "num_experts"},
      {"smollm3", "no_rope_layers", {1}, ErrorKind::format, "1 entries"},
      {"granite", "logits_scaling", 0, ErrorKind::format, "logits_scaling"},
      {"phi3",
       "rope_scaling",
       {{"type", "linear"}, {"factor", 2.0}},
       ErrorKind::unsupported,
       "Phi-3"},
      {"gemma3", "sliding_window", nullptr, ErrorKind::format, "no window"},
      {"mistral", "hidden_act", "relu6", ErrorKind::unsupported, "relu6"},
      {"gpt2", "activation_function", "x", ErrorKind::unsupported, "\"x\""},
      {"mistral", "tie_word_embeddings", "no", ErrorKind::format, "\"no\""},
      {"llama-bias", "attention_bias", 1, ErrorKind::format, "true or false"},
      {"gemma2", "attn_logit_softcapping", "x", ErrorKind::format, "softcap"},
      {"gemma2",
       "layer_types",
       Json::array({"full_attention"}),
       ErrorKind::format,
       "1 ent"},
      {"gemma2",
       "layer_types",
       Json::array({"chunked_attention", "full_attention"}),
       ErrorKind::unsupported,
       "chunked_attention"}};
  for (const BadValue& bad : cases) {
    const ModelFolder folder(bad.fixture);
    folder.set(bad.key, bad.value);
    expect_refused(folder, bad.kind, {"config.json", bad.part});
  }
}

TEST(ModelFolder, ConfigOfAnotherModel) {
  const ModelFolder wider("mistral");
  wider.set("intermediate_size", 48);
  expect_refused(wider,
                 ErrorKind::shape,
                 {"\"model.layers.0.mlp.gate_proj.weight\" has shape [40, 24]",
                  "asks for [48, 24]",
                  "own config.json?"});
  const ModelFolder deeper("mistral");
  deeper.set("num_hidden_layers", 3);
  expect_refused(deeper,
                 ErrorKind::not_found,
                 {"\"model.layers.2.self_attn.q_proj.weight\"", "Nearest: "});
  const ModelFolder shallower("mistral");
  shallower.set("num_hidden_layers", 1);
  const std::vector<std::string> warnings = warnings_of(shallower);
  ASSERT_EQ(warnings.size(), 9u);
  EXPECT_NE(warnings[0].find("\"model.layers.1."), std::string::npos);
}

TEST(ModelFolder, ExtraTensors) {
  const ModelFolder folder("qwen2");
  folder.edit_tensors([](Tensors& tensors) {
    tensors["lm_head.weight"] = at::ones({64, 24});
    tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = at::ones({3});
    tensors["model.layers.0.self_attn.q_proj.lora_A"] = at::ones({3});
  });
  const std::vector<std::string> warnings = warnings_of(folder);
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("\"lm_head.weight\""), std::string::npos);
  EXPECT_NE(warnings[0].find("differ"), std::string::npos);
  EXPECT_NE(warnings[1].find("q_proj.lora_A"), std::string::npos);
}

TEST(ModelFolder, ContradictingTensors) {
  const ModelFolder folder("gpt2");
  folder.edit_tensors([](Tensors& tensors) {
    tensors["transformer.ln_f.bias"] = tensors["ln_f.bias"].clone();
  });
  EXPECT_TRUE(warnings_of(folder).empty());
  folder.edit_tensors(
      [](Tensors& tensors) { tensors["transformer.ln_f.bias"] += 1; });
  expect_refused(
      folder, ErrorKind::format, {"transformer.ln_f.bias", "differ"});
}

TEST(ModelFolder, Gpt2WithItsPrefixIsTheSameModel) {
  const ModelFolder bare("gpt2"), prefixed("gpt2");
  prefixed.edit_tensors([](Tensors& tensors) {
    Tensors renamed;
    for (const auto& [name, tensor] : tensors)
      renamed["transformer." + name] = tensor;
    tensors = renamed;
  });
  EXPECT_TRUE(warnings_of(prefixed).empty());
  EXPECT_TRUE(at::equal(testing::logits_of(*bare.load(), {{1, 2, 3}}),
                        testing::logits_of(*prefixed.load(), {{1, 2, 3}})));
}

constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kFirst = "model-00001-of-00002.safetensors";
constexpr const char* kSecond = "model-00002-of-00002.safetensors";

void list(const ModelFolder& folder,
          const std::string& tensor,
          const std::string& file) {
  Json index = read_json(folder / kIndex);
  index["weight_map"][tensor] = file;
  folder.write(kIndex, index.dump());
}

TEST(ModelFolder, Shards) {
  const ModelFolder missing("deepseek");
  fs::remove(missing / kSecond);
  expect_refused(missing, ErrorKind::not_found, {kSecond, kIndex});
  const ModelFolder swapped("deepseek");
  fs::copy_file(swapped / kFirst,
                swapped / kSecond,
                fs::copy_options::overwrite_existing);
  expect_refused(swapped, ErrorKind::not_found, {kSecond, kIndex, "says that"});
  const ModelFolder cut("deepseek");
  cut.cut(kSecond, fs::file_size(cut / kSecond) - 1);
  expect_refused(cut, ErrorKind::format, {kSecond});
}

TEST(ModelFolder, IndexThatListsMoreThanThereIs) {
  const ModelFolder folder("deepseek");
  const Tensor logits_SV = testing::logits_of(*folder.load(), {{1, 2, 3}});
  list(folder, "model.extra.weight", kFirst);
  Json index = read_json(folder / kIndex);
  for (Json& file : index["weight_map"]) file = "./" + file.get<std::string>();
  folder.write(kIndex, index.dump());
  EXPECT_TRUE(warnings_of(folder).empty());
  EXPECT_TRUE(
      at::equal(testing::logits_of(*folder.load(), {{1, 2, 3}}), logits_SV));
  for (const char* text : {"{}",
                           "{\"weight_map\": {}}",
                           "{\"weight_map\": 3}",
                           "{\"weight_map\": {\"a\": 1}}",
                           "{\"weight_map\": {\"a\": \"\"}}",
                           "{\"weight_map\": {\"a\": \"/x.safetensors\"}}",
                           "{\"weight_map\": {\"a\": \"./../x\"}}"}) {
    folder.write(kIndex, text);
    expect_refused(folder, ErrorKind::format, {kIndex});
  }
}

// An edited copy of one tensor in a file of its own, which sorts last: that one
// is the model's, as the index says and as transformers reads it.
TEST(ModelFolder, ANameInTwoShards) {
  const std::string name = "model.norm.weight";
  const ModelFolder folder("deepseek");
  const Tensor before = testing::logits_of(*folder.load(), {{1, 2, 3}});
  const Tensor edited = at::zeros({24}, at::kBFloat16);
  testing::write_tensors(folder / "overlay.safetensors", {{name, edited}});
  list(folder, name, "overlay.safetensors");
  EXPECT_EQ(testing::logits_of(*folder.load(), {{1, 2, 3}})
                .abs()
                .max()
                .item()
                .toDouble(),
            0);
  // The index names the old file, transformers takes the later one.
  list(folder, name, kSecond);
  list(folder, "model.extra.weight", "overlay.safetensors");
  expect_refused(folder,
                 ErrorKind::format,
                 {kIndex, "\"" + name + "\"", "overlay", "Remove"});
  testing::write_tensors(
      folder / "overlay.safetensors",
      {{name, testing::read_tensors(folder / kSecond).at(name)}});
  EXPECT_TRUE(
      at::equal(testing::logits_of(*folder.load(), {{1, 2, 3}}), before));
}

TEST(ModelFolder, OneFileWinsOverAnIndex) {
  const ModelFolder folder("mistral");
  folder.write(kIndex, "nonsense");
  EXPECT_NO_THROW(folder.load());
  fs::rename(folder / "model.safetensors", folder / "model.fp16.safetensors");
  fs::remove(folder / kIndex);
  expect_refused(folder,
                 ErrorKind::not_found,
                 {"neither model.safetensors", "model.fp16.safetensors"});
}

TEST(ModelFolder, HeadsAndTables) {
  const ModelFolder headless("mistral");
  headless.edit_tensors(
      [](Tensors& tensors) { tensors.erase("lm_head.weight"); });
  expect_refused(headless,
                 ErrorKind::not_found,
                 {"\"lm_head.weight\"", "tie_word_embeddings"});
  const ModelFolder tied("qwen2");
  const Tensor logits_SV = testing::logits_of(*tied.load(), {{1, 2, 3}});
  tied.edit_tensors([](Tensors& tensors) {
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"];
    tensors.erase("model.embed_tokens.weight");
  });
  EXPECT_TRUE(
      at::equal(testing::logits_of(*tied.load(), {{1, 2, 3}}), logits_SV));
  tied.edit_tensors([](Tensors& tensors) {
    Tensors bare;
    for (const auto& [name, tensor] : tensors)
      bare[name.starts_with("model.") ? name.substr(6) : name] = tensor;
    tensors = bare;
  });
  EXPECT_TRUE(warnings_of(tied).empty());
  EXPECT_TRUE(
      at::equal(testing::logits_of(*tied.load(), {{1, 2, 3}}), logits_SV));
}

TEST(ModelFolder, TruncatedWeights) {
  const std::string file = "model.safetensors";
  const auto whole = fs::file_size(testing::fixtures() + "/mistral/" + file);
  for (uintmax_t bytes :
       {uintmax_t{0}, uintmax_t{4}, uintmax_t{100}, whole / 2, whole - 1}) {
    const ModelFolder folder("mistral");
    folder.cut(file, bytes);
    expect_refused(folder, ErrorKind::format, {file});
  }
}

TEST(ModelFolder, WeightsThatAreNoNumbersWithAPoint) {
  const ModelFolder folder("mistral");
  folder.edit_tensors([](Tensors& tensors) {
    Tensor& weight = tensors["model.norm.weight"];
    weight = weight.to(at::kInt);
  });
  expect_refused(folder, ErrorKind::format, {"\"model.norm.weight\"", "I32"});
}

TEST(ModelFolder, NaNIsFoundAndItsSiteNamed) {
  const ModelFolder folder("mistral");
  folder.edit_tensors([](Tensors& tensors) {
    tensors["model.layers.1.mlp.up_proj.weight"][3][5].fill_(NAN);
  });
  const auto model = folder.load();
  testing::PackedDrive drive(*model, {{1, 2, 3}, {4}});
  constexpr int64_t kRows[] = {0, 1};
  const auto record_at = [&](const char* pattern) {
    record(drive, kRows, drive.places(pattern));
  };
  record_at("model.layers.0.*");
  expect_error(ErrorKind::numeric,
               {"\"model.layers.1.mlp.up_proj\"", "NaN"},
               [&] { record_at(".*up_proj"); });
  expect_error(
      ErrorKind::numeric, {"\"model.norm\""}, [&] { record_at("model.norm"); });
}

TEST(ModelFolder, APromptLongerThanTheContext) {
  const ModelFolder folder("gpt2");
  const auto model = folder.load();
  testing::logits_of(*model, {testing::Ids(32, 1)});
  expect_error(ErrorKind::usage, {"33 tokens", "32 positions"}, [&] {
    testing::logits_of(*model, {{1}, testing::Ids(33, 1)});
  });
}

}  // namespace
}  // namespace lineas
