// The untouched models of the parity folder: logits, pooled activations and
// greedy text of tiny GPT-2, Llama, Qwen2, Gemma 2 and a trained Llama.
#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/folder.h"
#include "tests/support/language_model_run.h"
#include "tests/support/test_name.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::Ids;

constexpr double kBar = 1e-4;

class ParityModel : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string folder =
        testing::test_data(fmt::format("parity/{}", GetParam()));
    if (folder.empty()) GTEST_SKIP() << testing::kNoTestData;
    golden_ = read_json(folder + "/golden.json");
    tensors_ =
        std::make_unique<SafetensorsFile>(folder + "/golden.safetensors");
    const bool is_elsewhere = !file_exists(folder + "/config.json");
    model_ = load_language_model(
        is_elsewhere ? testing::test_data(fmt::format("models/{}", GetParam()))
                     : folder,
        {.dtype = at::kFloat});
  }

  std::vector<Ids> prompts(const char* side) const {
    return golden_[side].get<std::vector<Ids>>();
  }

  void expect_pooled(Pooling pooling, const char* side) {
    testing::PackedDrive drive(*model_, prompts(side));
    std::vector<Place> places;
    for (const Json& name : golden_["sites"])
      places.push_back({model_->sites().find(name.get<std::string>())});
    Ids rows(drive.row_count());
    std::iota(rows.begin(), rows.end(), 0);
    const std::vector<Tensor> pooled =
        record(drive, rows, places, {.reading = {pooling}, .micro_batch = 3});
    for (size_t s = 0; s < places.size(); ++s) {
      const std::string name = fmt::format("pooled/{}/{}/{}",
                                           to_string(pooling),
                                           side,
                                           drive.name_of(places[s]));
      EXPECT_LE(error_of(pooled[s], tensors_->view(name)), kBar) << name;
    }
  }

  Json golden_;
  std::unique_ptr<SafetensorsFile> tensors_;
  std::unique_ptr<LanguageModel> model_;
};

TEST_P(ParityModel, Logits) {
  for (const char* side : {"source", "target"}) {
    const Ids first = prompts(side)[0];
    const Tensor golden = tensors_->view(fmt::format("logits/{}.0", side));
    EXPECT_LE(error_of(testing::logits_of(*model_, {first}), golden), kBar);
    const Tensor packed_SV = testing::logits_of(*model_, prompts(side));
    EXPECT_LE(error_of(packed_SV.slice(0, 0, first.size()), golden), kBar);
  }
}

TEST_P(ParityModel, PooledResponses) {
  for (const char* side : {"source", "target"}) {
    expect_pooled(Pooling::mean, side);
    expect_pooled(Pooling::max, side);
  }
}

TEST_P(ParityModel, GreedyText) {
  const Json& golden = golden_["generation"]["lineas/sgd/0"];
  const auto tokens = golden["tokens"].get<std::vector<Ids>>();
  EXPECT_EQ(testing::greedy(*model_, prompts("prompts"), tokens[0].size()),
            tokens);
}

INSTANTIATE_TEST_SUITE_P(Folders,
                         ParityModel,
                         ::testing::Values("tiny-gpt2",
                                           "tiny-llama",
                                           "tiny-qwen2",
                                           "tiny-gemma2",
                                           "stories260K"),
                         testing::test_name<const char*>);

}  // namespace
}  // namespace lineas
