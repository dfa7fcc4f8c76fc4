// The trained Llama stories260K against an independent C program: the residual
// stream behind every layer, log-probabilities, the last logits.
#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/folder.h"
#include "tests/support/language_model_run.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::Ids;

constexpr double kBar = 1e-4;

class Stories : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = testing::test_data("models/stories260K");
    if (folder.empty()) GTEST_SKIP() << testing::kNoTestData;
    golden_ = read_json(folder + "/golden.json");
    model_ = load_language_model(folder);
    tokens_ = golden_["tokens"].get<Ids>();
    logits_SV_ = testing::logits_of(*model_, {tokens_}, &log_);
  }

  Json golden_;
  std::unique_ptr<LanguageModel> model_;
  Ids tokens_;
  testing::VisitLog log_;
  Tensor logits_SV_;
};

TEST_F(Stories, ResidualStreamBehindEveryLayer) {
  std::vector<Tensor> layers;
  for (int64_t layer = 0; layer < model_->info().layers; ++layer) {
    const SiteIndex site =
        model_->sites().find(fmt::format("model.layers.{}", layer));
    for (const auto& [its_site, x_SD] : log_.visits)
      if (its_site == site) layers.push_back(x_SD);
  }
  ASSERT_EQ(layers.size(), 5u);
  ASSERT_EQ(golden_["resid_after_layer"].size(), 5 * tokens_.size());
  for (const Json& entry : golden_["resid_after_layer"]) {
    const Tensor golden =
        at::tensor(entry["resid"].get<std::vector<float>>(), at::kFloat);
    const Tensor& x_SD = layers[entry["layer"].get<size_t>()];
    EXPECT_LE(error_of(x_SD[entry["pos"].get<int64_t>()], golden), kBar)
        << "layer " << entry["layer"] << ", position " << entry["pos"];
  }
}

TEST_F(Stories, LogProbabilities) {
  const Tensor log_p_SV = at::log_softmax(logits_SV_, -1);
  const auto golden = golden_["logprobs"].get<std::vector<double>>();
  ASSERT_EQ(golden.size() + 1, tokens_.size());
  for (size_t t = 0; t < golden.size(); ++t)
    EXPECT_NEAR(log_p_SV[t][tokens_[t + 1]].item<double>(), golden[t], kBar);
}

TEST_F(Stories, LastLogits) {
  const Tensor golden =
      at::tensor(golden_["last_logits"].get<std::vector<float>>(), at::kFloat);
  EXPECT_LE(error_of(logits_SV_[-1], golden), kBar);
}

TEST_F(Stories, GreedyTextIsTheGoldenPrompt) {
  // The golden prompt is the model's own greedy text (see stories260K.md).
  Ids made = testing::greedy(*model_, {{tokens_[0]}}, tokens_.size() - 1)[0];
  made.insert(made.begin(), tokens_[0]);
  EXPECT_EQ(made, tokens_);
}

}  // namespace
}  // namespace lineas
