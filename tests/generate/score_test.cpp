// Log-probabilities against the logits of every row alone, and against the
// golden ones of a trained model.
#include "lineas/generate/score.h"

#include <gtest/gtest.h>

#include "lineas/maps/steer_tap.h"
#include "tests/support/errors.h"
#include "tests/support/language_model_run.h"
#include "tests/support/parity.h"

namespace lineas {
namespace {

using testing::Ids;

const std::vector<Ids> kRows{{3, 9, 4}, {7}, {1, 2, 3, 4, 5, 6}, {8, 8}};

std::unique_ptr<LanguageModel> tiny_model() {
  return load_language_model(testing::fixtures() + "/qwen2",
                             {.dtype = at::kFloat});
}

double brute_force(const LanguageModel& model, const Ids& row) {
  const Tensor logprob_SV =
      testing::logits_of(model, {row}).to(at::kDouble).log_softmax(1);
  double sum = 0;
  for (size_t i = 1; i < row.size(); ++i)
    sum += logprob_SV[static_cast<int64_t>(i) - 1][row[i]].item<double>();
  return sum;
}

TEST(Score, IsTheSumOverAllTokensAfterTheFirst) {
  const auto model = tiny_model();
  const auto scores = score_text(*model, kRows);
  ASSERT_EQ(scores.size(), kRows.size());
  for (size_t i = 0; i < kRows.size(); ++i) {
    EXPECT_EQ(scores[i].tokens, static_cast<int64_t>(kRows[i].size()) - 1);
    EXPECT_NEAR(scores[i].logprob, brute_force(*model, kRows[i]), 1e-4);
  }
  EXPECT_NEAR(scores[0].perplexity(), std::exp(-scores[0].logprob / 2), 1e-9);
  EXPECT_TRUE(std::isnan(scores[1].perplexity()));
}

TEST(Score, ABatchIsThePartThatFitsOneCall) {
  const auto model = tiny_model();
  const auto all = score_text(*model, kRows);
  const ScoreOptions options{.batch_tokens = 7};
  const auto part = score_batch(*model, kRows, 1, options);  // 1 + 6 tokens
  ASSERT_EQ(part.size(), 2u);
  EXPECT_EQ(part[1].tokens, all[2].tokens);
  EXPECT_NEAR(part[1].logprob, all[2].logprob, 1e-4);
  EXPECT_EQ(score_batch(*model, kRows, 2, {.batch_tokens = 1}).size(), 1u);
}

// Attention of rows of other lengths rounds otherwise: a millionth of 30.
constexpr double kRounding = 3e-5;

TEST(Score, BatchAndSliceSizesChangeNothing) {
  const auto model = tiny_model();
  const auto all = score_text(*model, kRows);
  const int64_t vocabulary = model->info().vocabulary;
  for (const ScoreOptions& options :
       {ScoreOptions{.batch_tokens = 1, .batch_logits = 1},
        ScoreOptions{.batch_tokens = 5, .batch_logits = 2 * vocabulary},
        ScoreOptions{.batch_tokens = 100, .batch_logits = 4 * vocabulary}}) {
    const auto scores = score_text(*model, kRows, options);
    for (size_t i = 0; i < kRows.size(); ++i)
      EXPECT_NEAR(scores[i].logprob, all[i].logprob, kRounding);
  }
}

TEST(Score, RowsHaveTheirStrengthAlsoInLaterBatchesAndAtTheHead) {
  const auto model = tiny_model();
  MapSet set;
  at::manual_seed(4);
  const int64_t width = model->info().width, top = model->info().vocabulary;
  set.maps.add("model.layers.0.mlp",
               AffineMap{at::rand({width}), at::randn({width})});
  set.maps.add("lm_head", AffineMap{at::rand({top}), at::randn({top})});
  SteerTap tap(model->sites(), {{set, 1}}, {0, 0, 1, 0});
  const auto plain = score_text(*model, kRows);
  const auto steered = score_text(
      *model, kRows, {.batch_tokens = 4, .batch_logits = 2 * top, .tap = &tap});
  for (const size_t row : {0, 3})
    EXPECT_NEAR(steered[row].logprob, plain[row].logprob, kRounding);
  EXPECT_GT(std::abs(steered[2].logprob - plain[2].logprob), 0.1);
}

TEST(Score, GoldenPerplexityOfATrainedModel) {
  if (testing::test_data("").empty()) GTEST_SKIP() << testing::kNoTestData;
  const std::string folder = testing::test_data("models/stories260K");
  const auto model = load_language_model(folder, {.dtype = at::kFloat});
  const Json golden = read_json(folder + "/golden.json");
  const auto scores = score_text(*model, {golden["tokens"].get<Ids>()});
  double sum = 0;
  for (const Json& logprob : golden["logprobs"]) sum += logprob.get<double>();
  EXPECT_NEAR(scores[0].logprob, sum, 1e-3);
  EXPECT_NEAR(scores[0].perplexity(), golden["ppl"].get<double>(), 1e-4);
}

TEST(Score, NaNIsAnErrorThatNamesTheSite) {
  const auto model = tiny_model();
  MapSet set;
  const int64_t width = model->info().width;
  set.maps.add("model.layers.0.mlp",
               AffineMap{at::full({width}, INFINITY), at::zeros({width})});
  SteerTap tap(model->sites(), {{set, 1}}, {0, 0, 1, 0});
  testing::expect_error(ErrorKind::numeric,
                        {"row 3", "model.layers.0.mlp"},
                        [&] { score_text(*model, kRows, {.tap = &tap}); });
}

}  // namespace
}  // namespace lineas
