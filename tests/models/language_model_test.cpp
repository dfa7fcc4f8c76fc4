// Opening a folder: what the loaded model says of itself.
#include "lineas/models/language_model.h"

#include <gtest/gtest.h>

#include "tests/support/folder.h"

namespace lineas {
namespace {

std::unique_ptr<LanguageModel> load(const std::string& fixture,
                                    const LoadOptions& options = {}) {
  return load_language_model(testing::fixtures() + "/" + fixture, options);
}

TEST(LanguageModel, SaysItsSizes) {
  const auto model = load("qwen2");
  EXPECT_EQ(model->info().architecture, "Qwen2ForCausalLM");
  EXPECT_EQ(model->info().vocabulary, 64);
  EXPECT_EQ(model->info().width, 24);
  EXPECT_EQ(model->info().layers, 2);
  EXPECT_EQ(model->info().context, 64);
  EXPECT_TRUE(model->info().tied_head);
  EXPECT_FALSE(load("mistral")->info().tied_head);
}

TEST(LanguageModel, DtypeIsTheCheckpointsUnlessAskedFor) {
  EXPECT_EQ(load("deepseek")->dtype(), at::kBFloat16);
  EXPECT_EQ(load("llama2")->dtype(), at::kHalf);
  EXPECT_EQ(load("qwen2")->dtype(), at::kFloat);
  EXPECT_EQ(load("deepseek", {.dtype = at::kFloat})->dtype(), at::kFloat);
}

TEST(LanguageModel, CountsTheBytesOfItsWeights) {
  // Two layers of 24 wide: qkvo 24x24 and 2 x 24x12 and 24x24 with biases,
  // mlp 3 x 24x40, norms; embedding 64x24, tied; last norm.
  const int64_t layer =
      2 * 24 * 24 + 2 * 24 * 12 + 24 + 2 * 12 + 3 * 24 * 40 + 2 * 24;
  const int64_t numbers = 2 * layer + 64 * 24 + 24;
  EXPECT_EQ(load("qwen2")->weight_bytes(), 4 * numbers);
  EXPECT_EQ(load("qwen2", {.dtype = at::kBFloat16})->weight_bytes(),
            2 * numbers);
}

TEST(LanguageModel, SaysWhichSiteItsHeadIs) {
  for (const char* name : {"qwen2", "gpt2", "gemma2"}) {
    const auto model = load(name);
    EXPECT_EQ(model->head().name, "lm_head");
    EXPECT_EQ(model->head().width, model->info().vocabulary);
  }
}

/// Weights that lie in no file, under their own names.
class InMemory : public WeightStore {
 public:
  explicit InMemory(const WeightStore& other) {
    for (const std::string& name : other.names())
      tensors_[name] = other.load(name, at::kFloat, at::kCPU).clone();
  }
  const std::string& where() const override { return where_; }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : tensors_) names.push_back(name);
    return names;
  }
  bool contains(const std::string& name) const override {
    return tensors_.contains(name);
  }
  std::vector<int64_t> shape(const std::string& name) const override {
    return tensors_.at(name).sizes().vec();
  }
  at::ScalarType dtype() const override { return at::kBFloat16; }
  Tensor load(const std::string& name,
              at::ScalarType dtype,
              at::Device device) const override {
    return tensors_.at(name).to(device, dtype);
  }

 private:
  std::string where_ = "memory";
  std::map<std::string, Tensor> tensors_;
};

TEST(LanguageModel, IsBuiltFromAnyStoreOfWeights) {
  const std::string folder = testing::fixtures() + "/qwen2";
  Json config = read_json(folder + "/config.json");
  for (const char* key : {"dtype", "torch_dtype"}) config.erase(key);
  const InMemory weights{Checkpoint(folder)};
  const auto model = build_language_model(config, "c", weights);
  EXPECT_EQ(model->dtype(), at::kBFloat16) << "the store's own";
  EXPECT_EQ(model->sites().names(), load("qwen2")->sites().names());
}

TEST(LanguageModel, KnowsTheListOfModelsDef) {
  const std::vector<std::string> known = known_architectures();
  for (const char* name : {"GPT2LMHeadModel", "Gemma2ForCausalLM"})
    EXPECT_NE(std::find(known.begin(), known.end(), name), known.end());
}

}  // namespace
}  // namespace lineas
