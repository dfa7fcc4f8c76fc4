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
  folder.set("architectures", Json::array({"MambaForCausalLM"}));
  std::vector<std::string> parts = known_architectures();
  EXPECT_EQ(parts.size(), 6u);
  parts.push_back("\"MambaForCausalLM\"");
  expect_refused(folder, ErrorKind::unsupported, parts);
}

TEST(ModelFolder, ArchitecturesThatSayNothing) {
  const ModelFolder folder("mistral");
  for (const Json& value : {Json::array(),
                            Json::array({"A", "B"}),
                            Json("MistralForCausalLM"),
                            Json(nullptr),
                            Json::array({7})}) {
    folder.set("architectures", value);
    expect_refused(folder, ErrorKind::format, {"architectures"});
  }
  folder.unset("architectures");
  expect_refused(folder, ErrorKind::format, {"has no \"architectures\""});
}

TEST(ModelFolder, ConfigThatIsNotAnObject) {
  const ModelFolder folder("mistral");
  for (const char* text : {"", "[]", "3", "{\"architectures\": [", "<html>"}) {
    folder.write("config.json", text);
    expect_refused(folder, ErrorKind::format, {"config.json"});
  }
}

TEST(ModelFolder, MissingKeysAreNamed) {
  for (const char* key : {"vocab_size",
                          "hidden_size",
                          "num_hidden_layers",
                          "num_attention_heads",
                          "intermediate_size",
                          "max_position_embeddings"}) {
    for (const char* fixture : {"mistral", "gemma2"}) {
      const ModelFolder folder(fixture);
      folder.unset(key);
      expect_refused(
          folder, ErrorKind::format, {fmt::format("has no \"{}\"", key)});
    }
  }
  for (const char* key :
       {"vocab_size", "n_embd", "n_layer", "n_head", "n_positions"}) {
    const ModelFolder folder("gpt2");
    folder.unset(key);
    expect_refused(
        folder, ErrorKind::format, {fmt::format("has no \"{}\"", key)});
  }
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
      {"mistral", "rope_scaling", 8, ErrorKind::format, "JSON number"},
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
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("q_proj.lora_A"), std::string::npos);
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

TEST(ModelFolder, Shards) {
  constexpr const char* kFirst = "model-00001-of-00002.safetensors";
  constexpr const char* kSecond = "model-00002-of-00002.safetensors";
  const ModelFolder missing("deepseek");
  fs::remove(missing / kSecond);
  expect_refused(
      missing, ErrorKind::not_found, {kSecond, "model.safetensors.index.json"});
  const ModelFolder swapped("deepseek");
  fs::copy_file(swapped / kFirst,
                swapped / kSecond,
                fs::copy_options::overwrite_existing);
  expect_refused(swapped, ErrorKind::format, {kFirst, kSecond, "also in"});
  const ModelFolder cut("deepseek");
  cut.cut(kSecond, fs::file_size(cut / kSecond) - 1);
  expect_refused(cut, ErrorKind::format, {kSecond});
}

TEST(ModelFolder, IndexThatLies) {
  const ModelFolder folder("deepseek");
  const std::string index = "model.safetensors.index.json";
  Json changed = read_json(folder / index);
  changed["weight_map"]["model.extra.weight"] =
      "model-00001-of-00002.safetensors";
  folder.write(index, changed.dump());
  expect_refused(folder, ErrorKind::format, {"\"model.extra.weight\""});
  for (const char* text : {"{}",
                           "{\"weight_map\": {}}",
                           "{\"weight_map\": 3}",
                           "{\"weight_map\": {\"a\": 1}}",
                           "{\"weight_map\": {\"a\": \"../x.safetensors\"}}"}) {
    folder.write(index, text);
    expect_refused(folder, ErrorKind::format, {index});
  }
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
