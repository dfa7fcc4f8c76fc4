// The engine: which folder a name means, prompts to ids, maps held against the
// model.
#include "lineas/engine/engine.h"

#include <gtest/gtest.h>

#include "lineas/engine/find_model.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/maps.h"

namespace lineas {
namespace {

namespace fs = std::filesystem;

using testing::error_message;
using testing::expect_error;
using testing::LogCapture;
using testing::TempFolder;
using Ids = std::vector<int64_t>;

std::string tiny() {
  return testing::fixtures().append("/qwen2");
}

// A copy of the tiny model that a test may add files to.
void copy_tiny(const TempFolder& folder) {
  for (const char* name : {"config.json", "model.safetensors"})
    fs::copy_file(tiny() + "/" + name, folder / name);
}

MapSet map_for(const Engine& engine) {
  MapSet set;
  set.maps.add("model.layers.0.mlp",
               AffineMap::identity(engine.model().info().width));
  set.provenance["model"] = engine.identity();
  return set;
}

TEST(FindModel, TakesAFolderOrABundledName) {
  EXPECT_EQ(find_model(tiny()), tiny());
  const TempFolder folder;
  fs::create_directory(folder / "pet");
  copy_tiny(folder);
  fs::copy_file(folder / "config.json", folder / "pet/config.json");
  setenv("LINEAS_BUNDLED_DIR", folder.path().c_str(), 1);
  EXPECT_EQ(find_model("pet"), folder / "pet");
  expect_error(
      ErrorKind::not_found, {"\"cat\"", "pet"}, [] { find_model("cat"); });
  unsetenv("LINEAS_BUNDLED_DIR");
  expect_error(
      ErrorKind::not_found, {"no/such"}, [] { find_model("no/such"); });
  expect_error(ErrorKind::not_found, {"\"\""}, [] { find_model(""); });
  for (const char* file : {"no.gguf", "no/model.safetensors", "./no.gguf"})
    expect_error(ErrorKind::not_found, {file, "no such file"}, [&] {
      find_model(file);
    });
}

std::string tiny_gguf() {
  return LINEAS_SOURCE_DIR "/tests/golden/data/gguf/qwen2.gguf";
}

TEST(FindModel, TakesAGgufFile) {
  EXPECT_EQ(find_model(tiny_gguf()), tiny_gguf());
  const TempFolder folder;
  folder.write("notes.txt", "text");
  expect_error(ErrorKind::not_found, {"notes.txt", "GGUF"}, [&] {
    find_model(folder / "notes.txt");
  });
}

TEST(FindModel, TakesTheOneGgufModelOfAFolder) {
  const TempFolder folder;
  folder.write("m.gguf", "");
  EXPECT_EQ(find_model(folder.path()), folder / "m.gguf");
  folder.write("n.gguf", "");
  expect_error(ErrorKind::not_found, {"m.gguf", "n.gguf", "which"}, [&] {
    find_model(folder.path());
  });
  folder.write("config.json", "{}");
  EXPECT_EQ(find_model(folder.path()), folder.path());
}

// The Hub's cache keeps files under their hashes, with links of their names.
TEST(Engine, AGgufFileBehindALinkHasTheLinksName) {
  const TempFolder folder;
  fs::create_symlink(tiny_gguf(), folder / "tiny.gguf");
  EXPECT_EQ(Engine(folder / "tiny.gguf").id(), "tiny.gguf");
}

TEST(Engine, OpensAGgufFile) {
  const Engine engine(tiny_gguf());
  EXPECT_EQ(engine.id(), "qwen2.gguf");
  EXPECT_EQ(engine.identity()["architecture"], "Qwen2ForCausalLM");
  EXPECT_EQ(engine.eos_ids(), Ids{2});
  EXPECT_EQ(engine.tokenizer(), nullptr);
  EXPECT_EQ(engine.encode(""), Ids{1});
  expect_error(ErrorKind::not_found, {"qwen2.gguf", "no tokenizer"}, [&] {
    engine.encode("text");
  });
}

// A pad token behind the last row of the embedding, as fine-tunes have it.
TEST(Engine, OnlyATextWithAnIdBeyondTheVocabularyIsRefused) {
  const TempFolder folder;
  copy_tiny(folder);
  const int64_t beyond = Engine(tiny()).model().info().vocabulary;
  const Json tokenizer = {
      {"model",
       {{"type", "BPE"},
        {"vocab", {{"a", 0}, {"<pad>", beyond}}},
        {"merges", Json::array()}}},
      {"added_tokens",
       {{{"id", beyond}, {"content", "<pad>"}, {"special", true}}}}};
  folder.write("tokenizer.json", tokenizer.dump());
  const Engine engine(folder.path());
  PromptSet prompts{.texts = {"aa", "a<pad>"}, .ids = {}, .name = "p.txt"};
  expect_error(ErrorKind::usage,
               {"p.txt: prompt 2", std::to_string(beyond), "<pad>"},
               [&] { engine.encode(prompts); });
  prompts.texts.pop_back();
  EXPECT_EQ(engine.encode(prompts), (std::vector<Ids>{{0, 0}}));
  EXPECT_EQ(engine.encode("a"), Ids{0});
}

TEST(Engine, ReadyIdsNeedNoTokenizer) {
  const Engine engine(tiny());
  EXPECT_EQ(engine.tokenizer(), nullptr);
  const PromptSet prompts{.texts = {}, .ids = {{1, 2}, {3}}, .name = "x"};
  EXPECT_EQ(engine.encode(prompts), prompts.ids);
  EXPECT_EQ(engine.decode(Ids{4, 5}), "4 5");
  const std::string top = std::to_string(engine.model().info().vocabulary);
  for (const int64_t bad : {int64_t{-1}, engine.model().info().vocabulary})
    expect_error(ErrorKind::usage, {"prompt 2", std::to_string(bad), top}, [&] {
      engine.encode(PromptSet{{}, {{1}, {1, bad}}, ""});
    });
  expect_error(
      ErrorKind::not_found, {tiny(), "ids"}, [&] { engine.encode("text"); });
}

TEST(Engine, IdentityTellsWeightsApartNotFolders) {
  const TempFolder folder;
  copy_tiny(folder);
  const Engine one(tiny()), copy(folder.path());
  EXPECT_EQ(one.identity()["fingerprint"], copy.identity()["fingerprint"]);
  EXPECT_EQ(one.identity()["id"], "qwen2");
  const Engine other(testing::fixtures() + "/qwen3");
  EXPECT_NE(one.identity()["fingerprint"], other.identity()["fingerprint"]);
  EXPECT_EQ(Engine(tiny() + "/").id(), "qwen2");
}

TEST(Engine, EndOfTextIsReadFromTheFolder) {
  const TempFolder folder;
  copy_tiny(folder);
  folder.write("generation_config.json", R"({"eos_token_id": [3, 5]})");
  EXPECT_EQ(Engine(folder.path()).eos_ids(), Ids({3, 5}));
  folder.write("generation_config.json", R"({"eos_token_id": 4})");
  EXPECT_EQ(Engine(folder.path()).eos_ids(), Ids({4}));
}

TEST(Engine, AnEmptyPromptIsBos) {
  const TempFolder folder;
  copy_tiny(folder);
  Json config = read_json(tiny() + "/config.json");
  config["bos_token_id"] = 6;
  folder.write("config.json", config.dump());
  EXPECT_EQ(Engine(folder.path()).encode(""), Ids({6}));
}

TEST(Engine, LoadsMapsWithTheirStrength) {
  const TempFolder folder;
  const Engine engine(tiny());
  const std::string path = folder / "map.safetensors";
  write_map_set(path, map_for(engine));
  LogCapture log;
  EXPECT_EQ(engine.load_steering({path}).strength, 1);
  EXPECT_EQ(engine.load_steering({path + ":0.25"}).strength, 0.25);
  EXPECT_EQ(engine.load_steering({path + ":-2", true}).strength, -2);
  EXPECT_TRUE(log.messages.empty());
  for (const char* strength : {":1.5", ":-0.1"})
    expect_error(ErrorKind::usage, {"[0, 1]", "--allow-any-strength"}, [&] {
      engine.load_steering({path + strength});
    });
  for (const char* strength : {":nan", ":strong", ":"})
    expect_error(ErrorKind::usage, {strength}, [&] {
      engine.load_steering({path + strength, true});
    });
  expect_error(ErrorKind::not_found, {"none.safetensors"}, [&] {
    engine.load_steering({folder / "none.safetensors"});
  });
}

TEST(Engine, AColonMayBelongToTheMapsPath) {
  const TempFolder folder;
  const Engine engine(tiny());
  write_map_set(folder / "map:1", map_for(engine));
  EXPECT_EQ(engine.load_steering({folder / "map:1"}).strength, 1);
  EXPECT_EQ(engine.load_steering({folder / "map:1:0.5"}).strength, 0.5);
}

TEST(Engine, SaysWhereItDoesNotObeyTheMapFile) {
  const TempFolder folder;
  const Engine engine(tiny());
  const std::string path = folder / "map";
  MapSet set = map_for(engine);
  set.rules.tokens = {TokenScope::Kind::prompt};
  write_map_set(path, set);
  LogCapture log;
  const Steering steering = engine.load_steering(
      {.spec = path, .position = Position::last, .tokens = TokenScope{}});
  EXPECT_EQ(steering.set.rules.position, Position::last);
  EXPECT_EQ(steering.set.rules.tokens, TokenScope{});
  ASSERT_EQ(log.messages.size(), 2u);
  EXPECT_NE(log.messages[0].find("position last"), std::string::npos);
  EXPECT_NE(log.messages[1].find("prompt"), std::string::npos);
}

TEST(Engine, WarnsOfOtherWeightsAndRefusesOtherModels) {
  const TempFolder folder;
  const Engine engine(tiny());
  MapSet set = map_for(engine);
  set.provenance["model"]["fingerprint"] = "0000";
  write_map_set(folder / "map", set);
  LogCapture log;
  engine.load_steering({folder / "map"});
  ASSERT_EQ(log.messages.size(), 1u);
  EXPECT_NE(log.messages[0].find("other weights"), std::string::npos);
  set = testing::with_key(set, 0, "transformer.h.0.mlp");
  write_map_set(folder / "map", set);
  const std::string message = error_message(
      ErrorKind::shape, [&] { engine.load_steering({folder / "map"}); });
  EXPECT_NE(message.find("transformer.h.0.mlp"), std::string::npos) << message;
  EXPECT_NE(message.find("Nearest"), std::string::npos) << message;
}

// A pad token put in for training is no reason to refuse the model.
TEST(Engine, AnIdBeyondTheVocabularyIsRefusedWhereItIsUsed) {
  const std::string stories = testing::test_data("models/stories260K");
  if (stories.empty()) GTEST_SKIP() << testing::kNoTestData;
  const TempFolder folder;
  copy_tiny(folder);
  fs::copy_file(stories + "/tokenizer.model", folder / "tokenizer.model");
  folder.write("tokenizer_config.json",
               R"({"tokenizer_class": "LlamaTokenizer"})");
  const Engine engine(folder.path());
  EXPECT_GT(engine.tokenizer()->vocab_size(), 64);
  expect_error(ErrorKind::usage, {"token id", "vocabulary of 64"}, [&] {
    engine.encode("Once upon a time");
  });
}

TEST(Engine, TextGoesThereAndBack) {
  const std::string stories = testing::test_data("models/stories260K");
  if (stories.empty()) GTEST_SKIP() << testing::kNoTestData;
  const Engine engine(stories);
  const Json golden = read_json(stories + "/golden.json");
  const Ids ids = engine.encode(golden["text"].get<std::string>());
  EXPECT_EQ(ids, golden["tokens"].get<Ids>());
  EXPECT_EQ(engine.decode(ids), golden["text"].get<std::string>());
  const Ids prompt(ids.begin(), ids.begin() + 4);
  const Ids rest(ids.begin() + 4, ids.end());
  EXPECT_EQ(engine.decode(prompt) + engine.decode_continuation(prompt, rest),
            golden["text"].get<std::string>());
  EXPECT_EQ(engine.encode(""), Ids({1}));
  expect_error(ErrorKind::unsupported, {"--chat"}, [&] {
    engine.render_chat(
        OrderedJson::array({{{"role", "user"}, {"content", "hello"}}}));
  });
}

}  // namespace
}  // namespace lineas
