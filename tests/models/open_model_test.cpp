#include "lineas/models/open_model.h"

#include <gtest/gtest.h>

#include "lineas/models/language_model.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/gguf.h"

namespace lineas {
namespace {

const std::string kFile =
    LINEAS_SOURCE_DIR "/tests/golden/data/gguf/qwen2.gguf";

TEST(OpenModel, FolderAndGgufFile) {
  const OpenedModel folder = open_model(testing::fixtures() + "/qwen2");
  EXPECT_TRUE(folder.where.ends_with("/config.json"));
  const OpenedModel file = open_model(kFile);
  EXPECT_EQ(file.where, kFile);
  EXPECT_EQ(file.config["architectures"], folder.config["architectures"]);
  EXPECT_TRUE(file.weights->contains("model.embed_tokens.weight"));
  testing::expect_error(
      ErrorKind::not_found, {"nowhere"}, [] { open_model("nowhere"); });
}

// One map fits both, because sites are called the same. The file's model has
// one layer, the folder's two.
TEST(OpenModel, SitesOfAGgufFileAreThoseOfAFolder) {
  const auto folder = load_language_model(testing::fixtures() + "/qwen2");
  std::vector<std::string> names = folder->sites().names();
  std::erase_if(names, [](const std::string& name) {
    return name.find(".layers.1.") != std::string::npos ||
           name.ends_with(".layers.1");
  });
  EXPECT_EQ(load_language_model(kFile)->sites().names(), names);
}

TEST(OpenModel, ShapesThatDoNotFitNameTheTensorOfTheFile) {
  testing::GgufBuilder builder;
  builder.text("general.architecture", "gpt2")
      .u32("gpt2.context_length", 4)
      .u32("gpt2.embedding_length", 8)
      .u32("gpt2.block_count", 1)
      .u32("gpt2.attention.head_count", 2)
      .f32("gpt2.attention.layer_norm_epsilon", 1e-5F)
      .filled("token_embd.weight", {6, 8})
      .filled("position_embd.weight", {5, 8});
  const testing::TempFolder folder;
  folder.write("m.gguf", builder.bytes());
  testing::expect_error(
      ErrorKind::shape,
      {"m.gguf", "\"position_embd.weight\"", "[5, 8]", "[4, 8]", "metadata"},
      [&] { load_language_model(folder / "m.gguf"); });
}

}  // namespace
}  // namespace lineas
