// Rows that come and go: whenever a row is taken in and whoever is beside it,
// it is what it is alone.
#include "lineas/generate/text_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lineas/generate/text_loop.h"
#include "lineas/maps/steer_tap.h"
#include "tests/support/checkpoint.h"
#include "tests/support/errors.h"
#include "tests/support/language_model_run.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::Ids;

// The head's logits of every row, call by call, and the tokens each call ran.
class HeadLog : public Tap {
 public:
  explicit HeadLog(const SiteTable& sites)
      : first_(0), head_(sites.find("lm_head")) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override {
    if (site == first_) call_tokens.push_back(x.size(0));
    if (site == head_)
      for (const RowView& row : context.rows)
        logits[row.row].push_back(x.slice(0, row.begin, row.end).clone());
    return x;
  }
  std::map<int64_t, std::vector<Tensor>> logits;
  Ids call_tokens;

 private:
  SiteIndex first_, head_;
};

class Batch : public ::testing::Test {
 protected:
  struct Made {
    Ids ids;
    std::optional<Finish> finish;
    std::string error;
  };
  using MadeRows = std::map<int64_t, Made>;

  Batch()
      : model_(load_language_model(testing::fixtures() + "/qwen2",
                                   {.dtype = at::kFloat})) {}

  // Rows of different prompts, lengths and ways of choosing.
  static std::vector<NewRow> rows() {
    std::vector<NewRow> rows(5);
    const std::vector<Ids> prompts{
        {3, 9, 4}, {7}, {1, 2, 3, 4, 5, 6}, {8, 8}, {5, 4, 3, 2}};
    const Ids lengths{12, 3, 7, 9, 5};
    for (size_t i = 0; i < rows.size(); ++i) {
      rows[i].row = static_cast<int64_t>(i);
      rows[i].prompt = prompts[i];
      rows[i].seed = row_seed(0, prompts[i], 0);
      rows[i].options.max_new_tokens = lengths[i];
      rows[i].options.sampling.temperature = i % 2 == 0 ? 0 : 0.8;
    }
    return rows;
  }

  // Moves given and made tokens apart: one set acts on each.
  std::vector<Steering> steerings(double scale = 1) const {
    at::manual_seed(2);
    std::vector<Steering> both(2);
    for (Steering& steering : both)
      for (const SiteIndex site :
           model_->sites().match(".*post_attention_layernorm")) {
        const int64_t width = model_->sites()[site].width;
        steering.set.maps.add(
            model_->sites()[site].name,
            AffineMap{at::rand({width}) * 2 * scale, at::randn({width})});
      }
    both[0].set.rules.tokens.kind = TokenScope::Kind::prompt;
    both[1].set.rules.tokens.kind = TokenScope::Kind::generated;
    return both;
  }

  static void take(TextBatch& batch, MadeRows& made) {
    for (const TextEvent& event : batch.step()) {
      Made& row = made[event.row];
      EXPECT_FALSE(row.finish) << "row " << event.row << " goes on";
      if (event.id) row.ids.push_back(*event.id);
      row.finish = event.finish;
      row.error = event.error;
    }
  }

  static MadeRows run(TextBatch& batch) {
    MadeRows made;
    while (batch.is_running()) take(batch, made);
    return made;
  }

  // The row by itself; its logits go to `log`.
  Made alone(const NewRow& row, Tap* tap = nullptr) const {
    TextBatch batch(*model_, {tap});
    batch.admit(row);
    return run(batch)[row.row];
  }

  static void expect_close(const std::vector<Tensor>& expected,
                           const std::vector<Tensor>& seen,
                           size_t count) {
    ASSERT_GE(expected.size(), count);
    ASSERT_GE(seen.size(), count);
    for (size_t i = 0; i < count; ++i)
      EXPECT_TRUE(at::allclose(expected[i], seen[i], 0, 1e-5))
          << "call " << i << ": " << (expected[i] - seen[i]).abs().max();
  }

  std::unique_ptr<LanguageModel> model_;
};

TEST_F(Batch, RowsThatComeLateEqualRowsAlone) {
  const std::vector<double> strengths{1, 0.5, 0, 0.3, 1};
  SteerTap steer(model_->sites(), steerings(), strengths);
  HeadLog together_log(model_->sites()), alone_log(model_->sites());
  ChainTap together_tap({&steer, &together_log}),
      alone_tap({&steer, &alone_log});
  for (const bool drops : {true, false}) {
    together_log.logits.clear();
    TextBatch batch(*model_, {&together_tap, drops});
    MadeRows made;
    // Before step 0, 0, 2, 3 and 6.
    const std::vector<int64_t> admitted{0, 0, 2, 3, 6};
    size_t next = 0;
    for (int64_t step = 0; batch.is_running() || next < rows().size(); ++step) {
      while (next < rows().size() && admitted[next] == step)
        batch.admit(rows()[next++]);
      take(batch, made);
    }
    for (const NewRow& row : rows()) {
      alone_log.logits.clear();
      const Made expected = alone(row, &alone_tap);
      EXPECT_EQ(made[row.row].ids, expected.ids) << "row " << row.row;
      EXPECT_EQ(made[row.row].finish, Finish::length);
      EXPECT_EQ(expected.ids.size(),
                static_cast<size_t>(row.options.max_new_tokens));
      expect_close(alone_log.logits[row.row],
                   together_log.logits[row.row],
                   expected.ids.size());
    }
  }
}

TEST_F(Batch, ASlotUsedAgainShowsNothingOfItsFormerRow) {
  // The first row leaves NaN in its slot; the next one there is shorter than
  // the row beside it, so that its keys behind its end are read and masked.
  std::vector<NewRow> all = rows();
  all[0].prompt = Ids(20, 3);
  all[2].options.max_new_tokens = 30;
  MapSet broken;
  broken.maps.add("model.layers.0.input_layernorm",
                  AffineMap{at::full({model_->info().width}, INFINITY),
                            at::zeros({model_->info().width})});
  SteerTap steer(model_->sites(), {{broken}}, {1, 0, 0, 0, 0});
  for (const bool drops : {true, false}) {
    HeadLog log(model_->sites()), alone_log(model_->sites());
    ChainTap tap({&steer, &log});
    TextBatch batch(*model_, {&tap, drops});
    MadeRows made;
    batch.admit(all[0]);
    batch.admit(all[2]);
    for (int i = 0; i < 20; ++i) take(batch, made);
    EXPECT_EQ(made[0].finish, Finish::failed);
    batch.admit(all[4]);
    while (batch.is_running()) take(batch, made);
    for (const int64_t row : {2, 4}) {
      const Made expected = alone(all[row], &alone_log);
      EXPECT_EQ(made[row].ids, expected.ids);
      expect_close(alone_log.logits[row], log.logits[row], expected.ids.size());
    }
  }
}

TEST_F(Batch, ASharedPrefixEqualsItsPrefill) {
  for (const int64_t tokens : {0, 1, 5, 6}) {
    SteerTap steer(model_->sites(), steerings(), {1, 1, 1});
    HeadLog log(model_->sites()), alone_log(model_->sites());
    ChainTap tap({&steer, &log}), alone_tap({&steer, &alone_log});
    NewRow first{.row = 0, .prompt = {1, 2, 3, 4, 5, 6, 7}};
    NewRow second{.row = 1, .prompt = {1, 2, 3, 4, 5, 6, 9, 8}};
    second.options.max_new_tokens = first.options.max_new_tokens = 10;
    const Made expected = alone(second, &alone_tap);
    TextBatch batch(*model_, {&tap});
    batch.admit(first);
    MadeRows made;
    for (int i = 0; i < 3; ++i) take(batch, made);
    second.prefix = {.row = 0, .tokens = tokens};
    batch.admit(second);
    take(batch, made);
    EXPECT_EQ(log.call_tokens.back(), 8 - tokens);
    while (batch.is_running()) take(batch, made);
    EXPECT_EQ(made[1].ids, expected.ids) << tokens << " shared tokens";
    expect_close(alone_log.logits[1], log.logits[1], expected.ids.size());
  }
}

TEST_F(Batch, RefusesAPrefixThatIsNone) {
  TextBatch batch(*model_);
  batch.admit({.row = 0, .prompt = {1, 2, 3}});
  const auto admit = [&](Ids prompt, SharedPrefix prefix) {
    batch.admit({.row = 1, .prompt = std::move(prompt), .prefix = prefix});
  };
  const auto refuses = [&](const Ids& prompt, SharedPrefix prefix) {
    expect_error(
        ErrorKind::usage, {"row 2", "prefix"}, [&] { admit(prompt, prefix); });
  };
  refuses({1, 2, 3, 4}, {0, 2});  // still waiting
  batch.step();
  refuses({1, 2}, {0, 2});           // nothing left to run
  refuses({1, 9, 3, 4}, {0, 2});     // other tokens
  refuses({1, 2, 3, 4, 5}, {0, 4});  // made, not given
  refuses({1, 2, 3}, {7, 2});        // nobody
  refuses({1, 2, 3}, {0, -1});
  admit({1, 2, 3, 4}, {0, 3});
}

TEST_F(Batch, ARowThatIsNotFiniteFailsAlone) {
  for (const auto kind : {TokenScope::Kind::all, TokenScope::Kind::generated}) {
    const char* site = "model.layers.1.mlp";
    MapSet set;
    set.maps.add(site,
                 AffineMap{at::full({model_->info().width}, INFINITY),
                           at::zeros({model_->info().width})});
    set.rules.tokens.kind = kind;
    SteerTap steer(model_->sites(), {{set}}, {0, 1, 0, 0, 0});
    for (const bool drops : {true, false}) {
      TextBatch batch(*model_, {&steer, drops});
      for (const NewRow& row : rows()) batch.admit(row);
      auto made = run(batch);
      EXPECT_EQ(made[1].finish, Finish::failed);
      EXPECT_NE(made[1].error.find("row 2"), std::string::npos);
      EXPECT_NE(made[1].error.find(site), std::string::npos) << made[1].error;
      EXPECT_EQ(made[1].ids.size(), kind == TokenScope::Kind::all ? 0u : 1u);
      for (const NewRow& row : rows()) {
        if (row.row == 1) continue;
        EXPECT_EQ(made[row.row].ids, alone(row).ids);
      }
    }
  }
}

TEST_F(Batch, EveryRowHasItsOwnEnd) {
  std::vector<NewRow> all = rows();
  const Ids plain = alone(all[0]).ids;
  all[0].options.eos_ids = {plain[4]};
  all[1].options.max_new_tokens = 0;
  TextBatch batch(*model_);
  for (const NewRow& row : all) batch.admit(row);
  MadeRows made;
  for (int i = 0; i < 2; ++i) take(batch, made);
  batch.cancel(2);
  batch.cancel(77);  // nobody
  while (batch.is_running()) take(batch, made);
  const auto end = std::find(plain.begin(), plain.end(), plain[4]);
  EXPECT_EQ(made[0].ids, Ids(plain.begin(), end));
  EXPECT_EQ(made[0].finish, Finish::eos);
  EXPECT_EQ(made[1].ids, Ids{});
  EXPECT_EQ(made[1].finish, Finish::length);
  EXPECT_EQ(made[2].ids.size(), 2u);
  EXPECT_EQ(made[2].finish, Finish::cancelled);
  EXPECT_EQ(made[3].finish, Finish::length);
  // The number of a row that has ended is free.
  batch.admit(all[2]);
  EXPECT_EQ(run(batch)[2].ids, alone(all[2]).ids);
}

TEST_F(Batch, PromptsAndNextTokensTakeTurns) {
  HeadLog log(model_->sites());
  TextBatch batch(*model_, {&log});
  for (int64_t row = 0; row < 3; ++row) {
    batch.admit({.row = row, .prompt = Ids(10 + row, 1)});
    batch.step();
  }
  batch.step();
  EXPECT_EQ(log.call_tokens, (Ids{10, 1, 11 + 12, 3}));
}

TEST_F(Batch, RefusesRowsThatDoNotFit) {
  TextBatch batch(*model_);
  batch.admit({.row = 3, .prompt = {1}});
  expect_error(ErrorKind::usage, {"row 4", "under way"}, [&] {
    batch.admit({.row = 3, .prompt = {1}});
  });
  expect_error(ErrorKind::usage, {"row 1", "no tokens"}, [&] {
    batch.admit({.row = 0, .prompt = {}});
  });
  expect_error(ErrorKind::usage, {"--top-p"}, [&] {
    batch.admit({.row = 0,
                 .prompt = {1},
                 .options = {.sampling = {.temperature = 1, .top_p = 0}}});
  });
}

}  // namespace
}  // namespace lineas
