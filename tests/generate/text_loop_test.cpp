// The text loop: greedy text of steered models, ragged batches, strengths by
// row, random numbers that depend on nothing but seed, prompt and sample.
#include "lineas/generate/text_loop.h"

#include <gtest/gtest.h>

#include "lineas/generate/nan_search.h"
#include "lineas/maps/steer_tap.h"
#include "tests/support/checkpoint.h"
#include "tests/support/errors.h"
#include "tests/support/language_model_run.h"
#include "tests/support/parity.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::Ids;

class ParityText : public ::testing::TestWithParam<const char*> {};

TEST_P(ParityText, GreedyTextAtEveryStrengthInOneBatch) {
  if (testing::test_data("").empty()) GTEST_SKIP() << testing::kNoTestData;
  const testing::ParityFolder folder(GetParam());
  const auto prompts = folder.json["prompts"].get<std::vector<Ids>>();
  for (const char* run : {"lineas/sgd", "linear_act/incr"}) {
    std::vector<TextRow> rows;
    std::vector<double> strengths;
    std::vector<Ids> expected;
    for (const char* strength : {"0", "0.5", "1"}) {
      const Json& golden =
          folder.json["generation"][fmt::format("{}/{}", run, strength)];
      for (size_t p = 0; p < prompts.size(); ++p) {
        rows.push_back({prompts[p]});
        strengths.push_back(std::stod(strength));
        expected.push_back(golden["tokens"][p]);
      }
    }
    SteerTap tap(folder.model->sites(), {{folder.maps(run), 1}}, strengths);
    const auto made =
        continue_text(*folder.model, rows, {.max_new_tokens = 20, .tap = &tap});
    for (size_t i = 0; i < rows.size(); ++i)
      EXPECT_EQ(made[i].ids, expected[i])
          << run << " strength " << strengths[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Models,
                         ParityText,
                         ::testing::ValuesIn(testing::kParityModels),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

class TextLoop : public ::testing::Test {
 protected:
  TextLoop()
      : model_(load_language_model(testing::fixtures() + "/qwen2",
                                   {.dtype = at::kFloat})) {}

  std::vector<TextRow> rows(uint64_t seed = 0) const {
    std::vector<TextRow> rows;
    for (const Ids& prompt :
         {Ids{3, 9, 4}, Ids{7}, Ids{1, 2, 3, 4, 5, 6}, Ids{7}})
      rows.push_back({prompt, row_seed(seed, prompt, 0)});
    return rows;
  }

  MapSet strong_map() const {
    at::manual_seed(2);
    MapSet set;
    for (const SiteIndex site :
         model_->sites().match(".*post_attention_layernorm")) {
      const int64_t width = model_->sites()[site].width;
      set.maps.add(model_->sites()[site].name,
                   AffineMap{at::rand({width}) * 2, at::randn({width})});
    }
    return set;
  }

  std::vector<Ids> texts(const std::vector<TextRow>& rows,
                         TextLoopOptions options) const {
    options.max_new_tokens = 12;
    std::vector<Ids> texts;
    for (const Continuation& made : continue_text(*model_, rows, options))
      texts.push_back(made.ids);
    return texts;
  }

  std::unique_ptr<LanguageModel> model_;
};

TEST_F(TextLoop, RaggedBatchEqualsEveryRowAlone) {
  const auto together = texts(rows(), {});
  for (size_t i = 0; i < rows().size(); ++i)
    EXPECT_EQ(texts({rows()[i]}, {})[0], together[i]);
  EXPECT_EQ(texts(rows(), {.batch = 3}), together);
  EXPECT_EQ(together[1], together[3]);
}

TEST_F(TextLoop, LogitsAtStrengthZeroEqualThoseOfTheSameBatchUnsteered) {
  // Value for value, in a ragged batch beside rows of other strengths.
  testing::VisitLog plain, steered;
  const TextLoopOptions options{.max_new_tokens = 4};
  TextLoopOptions first = options, second = options;
  first.tap = &plain;
  continue_text(*model_, rows(), first);
  SteerTap tap(model_->sites(), {{strong_map(), 1}}, {0, 0, 0, 0});
  ChainTap chain({&tap, &steered});
  second.tap = &chain;
  continue_text(*model_, rows(), second);
  ASSERT_EQ(plain.visits.size(), steered.visits.size());
  for (size_t i = 0; i < plain.visits.size(); ++i)
    EXPECT_TRUE(plain.visits[i].second.equal(steered.visits[i].second));

  testing::VisitLog mixed;
  SteerTap some(model_->sites(), {{strong_map(), 1}}, {1, 0, 0.5, 0});
  ChainTap mixed_chain({&some, &mixed});
  second.tap = &mixed_chain;
  continue_text(*model_, rows(), second);
  // The head's logits of rows 1 and 3, call by call.
  const SiteIndex head = model_->sites().find("lm_head");
  for (size_t i = 0; i < plain.visits.size(); ++i)
    if (plain.visits[i].first == head)
      for (const int64_t row : {1, 3})
        EXPECT_TRUE(
            plain.visits[i].second[row].equal(mixed.visits[i].second[row]));
}

TEST_F(TextLoop, RandomNumbersDependOnSeedPromptAndSampleOnly) {
  const TextLoopOptions options{.sampling = {.temperature = 1.0}};
  const auto all = rows();
  const auto together = texts(all, options);
  EXPECT_EQ(together[1], together[3]);  // the same prompt
  const std::vector<TextRow> reversed(all.rbegin(), all.rend());
  const auto backwards = texts(reversed, options);
  for (size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(texts({all[i]}, options)[0], together[i]);
  for (size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(backwards[all.size() - 1 - i], together[i]);
  EXPECT_NE(texts(rows(1), options), together);
  EXPECT_NE(row_seed(0, {7}, 0), row_seed(0, {7}, 1));
}

TEST_F(TextLoop, EndsAtEosWithoutKeepingIt) {
  const auto plain = texts(rows(), {});
  const int64_t eos = plain[0][5];
  TextLoopOptions options{.max_new_tokens = 12, .eos_ids = {eos}};
  std::vector<Finish> finished(4, Finish::cancelled);
  options.on_finish = [&](int64_t row, const Continuation& made) {
    finished[row] = made.finish;
  };
  const auto made = continue_text(*model_, rows(), options);
  for (size_t i = 0; i < made.size(); ++i) {
    const auto end = std::find(plain[i].begin(), plain[i].end(), eos);
    EXPECT_EQ(made[i].ids, Ids(plain[i].begin(), end)) << "row " << i;
    EXPECT_EQ(made[i].finish,
              end == plain[i].end() ? Finish::length : Finish::eos);
    EXPECT_EQ(made[i].finish, finished[i]);
  }
  EXPECT_EQ(made[0].finish, Finish::eos);
  options.drops_finished = false;
  const auto kept = continue_text(*model_, rows(), options);
  for (size_t i = 0; i < made.size(); ++i) EXPECT_EQ(kept[i].ids, made[i].ids);
}

TEST_F(TextLoop, EndsAtTheContext) {
  const int64_t context = model_->info().context;
  const TextRow nearly_full{Ids(context - 3, 5)};
  const auto made = continue_text(
      *model_, {nearly_full, {Ids(context, 5)}, {{1}}}, {.max_new_tokens = 10});
  EXPECT_EQ(made[0].ids.size(), 3u);
  EXPECT_EQ(made[0].finish, Finish::context);
  EXPECT_EQ(made[1].ids.size(), 0u);
  EXPECT_EQ(made[1].finish, Finish::context);
  EXPECT_EQ(made[2].ids.size(), 10u);
  EXPECT_EQ(made[2].finish, Finish::length);
}

TEST_F(TextLoop, RefusesPromptsThatDoNotFit) {
  const std::string longest = std::to_string(model_->info().context);
  expect_error(ErrorKind::usage, {"prompt 2", longest}, [&] {
    continue_text(*model_, {{{1}}, {Ids(model_->info().context + 1, 1)}}, {});
  });
  expect_error(ErrorKind::usage, {"prompt 1", "no tokens"}, [&] {
    continue_text(*model_, {{{}}}, {});
  });
}

TEST_F(TextLoop, TellsEveryTokenAndStopsWhenAsked) {
  std::vector<Ids> told(4);
  int64_t count = 0;
  TextLoopOptions options{.max_new_tokens = 12};
  options.on_token = [&](int64_t row, int64_t id) {
    told[row].push_back(id);
    ++count;
  };
  options.is_cancelled = [&] { return count >= 12; };
  const auto made = continue_text(*model_, rows(), options);
  EXPECT_EQ(count, 12);
  for (size_t i = 0; i < made.size(); ++i) {
    EXPECT_EQ(made[i].ids, told[i]);
    EXPECT_EQ(made[i].finish, Finish::cancelled);
  }
}

TEST_F(TextLoop, BeginsNoBatchOnceItIsAskedToStop) {
  int64_t count = 0;
  TextLoopOptions options{.max_new_tokens = 12, .batch = 2};
  options.on_token = [&](int64_t, int64_t) { ++count; };
  options.is_cancelled = [&] { return count >= 4; };
  const auto made = continue_text(*model_, rows(), options);
  EXPECT_EQ(count, 4);
  EXPECT_EQ(made[1].ids.size(), 2u);
  EXPECT_EQ(made[2].ids.size(), 0u);
  EXPECT_EQ(made[2].finish, Finish::cancelled);
}

TEST_F(TextLoop, NoNewTokensIsNoWork) {
  const auto made = continue_text(*model_, rows(), {.max_new_tokens = 0});
  EXPECT_EQ(made[0].ids.size(), 0u);
  EXPECT_EQ(name_of(made[0].finish), "length");
}

TEST_F(TextLoop, NaNNamesTheFirstSiteThatHasIt) {
  MapSet set;
  const char* site = "model.layers.1.mlp";
  set.maps.add(site,
               AffineMap{at::full({model_->info().width}, INFINITY),
                         at::zeros({model_->info().width})});
  SteerTap tap(model_->sites(), {{set, 1}});
  expect_error(ErrorKind::numeric, {"row 1", site}, [&] {
    continue_text(*model_, rows(), {.tap = &tap});
  });
}

}  // namespace
}  // namespace lineas
