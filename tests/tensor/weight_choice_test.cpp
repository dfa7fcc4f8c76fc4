// Which file of a folder is taken: variants, shards under their three names,
// pickles.
#include "lineas/tensor/weight_choice.h"

#include "lineas/tensor/checkpoint.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

std::string found(const std::vector<std::string>& files,
                  const WeightNames& names) {
  const testing::TempFolder folder;
  for (const std::string& file : files) folder.write(file, "x");
  const std::string path = find_weights(folder.path(), names);
  return path.empty() ? "" : path.substr(folder.path().size() + 1);
}

TEST(FindWeights, PlainFilesFirstByDefault) {
  const WeightNames plain;
  EXPECT_EQ(found({"model.safetensors", "pytorch_model.bin"}, plain),
            "model.safetensors");
  EXPECT_EQ(found({"model.safetensors.index.json", "pytorch_model.bin"}, plain),
            "model.safetensors.index.json");
  EXPECT_EQ(found({"pytorch_model.bin.index.json"}, plain),
            "pytorch_model.bin.index.json");
  EXPECT_EQ(found({"model.fp16.safetensors"}, plain), "");
}

TEST(FindWeights, VariantsByPreference) {
  const std::string stem = "diffusion_pytorch_model";
  const WeightNames names{
      .safetensors = stem, .pickle = stem, .variants = {"fp16", "", "bf16"}};
  EXPECT_EQ(found({stem + ".safetensors", stem + ".fp16.safetensors"}, names),
            stem + ".fp16.safetensors");
  EXPECT_EQ(found({stem + ".safetensors"}, names), stem + ".safetensors");
  EXPECT_EQ(found({stem + ".bf16.safetensors"}, names),
            stem + ".bf16.safetensors");
  EXPECT_EQ(found({stem + ".fp16.bin", stem + ".safetensors"}, names),
            stem + ".safetensors");
  EXPECT_EQ(found({stem + ".fp16.bin"}, names), stem + ".fp16.bin");
}

TEST(FindWeights, ShardsOfVariantsUnderOldAndNewNames) {
  const WeightNames names{.variants = {"", "fp16"}};
  EXPECT_EQ(found({"model.safetensors.index.fp16.json"}, names),
            "model.safetensors.index.fp16.json");
  EXPECT_EQ(found({"model.safetensors.fp16.index.json"}, names),
            "model.safetensors.fp16.index.json");
}

TEST(Checkpoint, OfShardsOfAVariant) {
  for (const char* shard : {"model.fp16-00001-of-00001.safetensors",
                            "model-00001-of-00001.fp16.safetensors"}) {
    const testing::TempFolder folder;
    write_safetensors(folder / shard, {{"w", at::ones({2})}});
    folder.write("model.safetensors.index.fp16.json",
                 std::string(R"({"weight_map": {"w": ")") + shard + "\"}}");
    const Checkpoint weights(folder.path(), {.variants = {"", "fp16"}});
    EXPECT_TRUE(weights.contains("w"));
  }
}

TEST(Checkpoint, OfOneFileOfAnyName) {
  const testing::TempFolder folder;
  write_safetensors(folder / "lightning_4step.safetensors",
                    {{"w", at::ones({2})}});
  const std::string path = folder / "lightning_4step.safetensors";
  const Checkpoint weights = Checkpoint::of_file(path);
  EXPECT_EQ(weights.where(), path);
  EXPECT_TRUE(weights.contains("w"));
  testing::expect_error(ErrorKind::not_found, {path, "v", "Nearest"}, [&] {
    weights.shape("v");
  });
}

TEST(Checkpoint, NamesWhatElseIsThere) {
  const testing::TempFolder folder;
  folder.write("model.non_ema.safetensors", "x");
  testing::expect_error(
      ErrorKind::not_found,
      {"model.safetensors", "model.non_ema.safetensors", "rename"},
      [&] {
        Checkpoint(folder.path(), {.variants = {"", "fp16"}});
      });
}

}  // namespace
}  // namespace lineas
