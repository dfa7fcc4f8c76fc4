// Prompts x samples x strengths to texts: what comes out is what the text loop
// makes of these rows, in order, streamed, checked.
#include "lineas/engine/text_run.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::expect_error;
using Ids = std::vector<int64_t>;

class TextRunTest : public ::testing::Test {
 protected:
  TextRunTest() : engine_(testing::fixtures().append("/qwen2")) {}

  TextRequest request() const {
    return {.prompts = {.texts = {}, .ids = {{3, 9, 4}, {7}}, .name = "list"},
            .options = {.max_new_tokens = 6, .sampling = {.temperature = 1}}};
  }

  std::vector<Steering> map_at(const std::string& site, float scale) const {
    const SiteTable& sites = engine_.model().sites();
    const int64_t width = sites[sites.find(site)].width;
    MapSet set;
    set.maps.add(site, AffineMap{at::full({width}, scale), at::ones({width})});
    return {{set}};
  }

  Engine engine_;
};

TEST_F(TextRunTest, IsTheTextLoopOverPromptsSamplesAndStrengths) {
  TextRequest request = this->request();
  request.steerings = map_at("model.layers.0.mlp", 2);
  request.strengths = {0, 0.5, 0};
  request.samples = 2;
  request.seed = 4;
  std::vector<TextRow> rows;
  std::vector<double> strengths;
  for (const Ids& prompt : request.prompts.ids)
    for (const int64_t sample : {0, 1})
      for (const double strength : request.strengths) {
        rows.push_back({prompt, row_seed(4, prompt, sample)});
        strengths.push_back(strength);
      }
  SteerTap tap(engine_.model().sites(), request.steerings, strengths);
  const auto expected = continue_text(engine_.model(),
                                      rows,
                                      {.max_new_tokens = 6,
                                       .sampling = {.temperature = 1},
                                       .eos_ids = engine_.eos_ids(),
                                       .tap = &tap});
  for (const int64_t batch : {64, 5, 1}) {
    request.batch = batch;
    const auto made = run_text(engine_, request);
    ASSERT_EQ(made.size(), rows.size());
    for (size_t i = 0; i < made.size(); ++i) {
      EXPECT_EQ(made[i].prompt, i / 6);
      EXPECT_EQ(made[i].sample, static_cast<int64_t>(i / 3 % 2));
      EXPECT_EQ(made[i].strength, i % 3);
      EXPECT_EQ(made[i].tokens, expected[i].ids);
      EXPECT_EQ(made[i].finish, expected[i].finish);
      EXPECT_EQ(made[i].text,
                engine_.decode_continuation(rows[i].prompt, made[i].tokens));
    }
  }
}

TEST_F(TextRunTest, TellsTextsWhileTheyAreMade) {
  TextRequest request = this->request();
  std::vector<Ids> told(2);
  std::vector<MadeText> ended;
  request.on_token = [&](const MadeText& text) {
    told[text.prompt].push_back(text.tokens.back());
    EXPECT_EQ(text.tokens, told[text.prompt]);
  };
  request.on_finish = [&](const MadeText& text) { ended.push_back(text); };
  const auto made = run_text(engine_, request);
  ASSERT_EQ(ended.size(), 2u);
  for (const MadeText& text : ended) {
    EXPECT_EQ(text.tokens, made[text.prompt].tokens);
    EXPECT_EQ(text.text, made[text.prompt].text);
    EXPECT_EQ(told[text.prompt], text.tokens);
    EXPECT_NE(text.text, "");
  }
}

TEST_F(TextRunTest, CancellingKeepsWhatHasEnded) {
  TextRequest request = this->request();
  request.batch = 1;
  int64_t ended = 0;
  request.on_finish = [&](const MadeText&) { ++ended; };
  request.is_cancelled = [&] { return ended >= 1; };
  const auto made = run_text(engine_, request);
  EXPECT_EQ(made[0].finish, Finish::length);
  EXPECT_EQ(made[0].tokens.size(), 6u);
  EXPECT_NE(made[0].text, "");
  EXPECT_EQ(made[1].finish, Finish::cancelled);
  EXPECT_FALSE(made[1].was_begun());
}

TEST_F(TextRunTest, ATextThatIsNotFiniteFailsAlone) {
  TextRequest request = this->request();
  const auto plain = run_text(engine_, request);
  request.steerings = map_at("model.layers.1.mlp", INFINITY);
  request.strengths = {1, 0};
  const auto made = run_text(engine_, request);
  for (size_t p = 0; p < 2; ++p) {
    EXPECT_EQ(made[2 * p].finish, Finish::failed);
    EXPECT_NE(made[2 * p].error.find("model.layers.1.mlp"), std::string::npos);
    EXPECT_EQ(made[2 * p + 1].tokens, plain[p].tokens);
  }
  expect_error(ErrorKind::numeric, {"row 1"}, [&] { check_none_failed(made); });
  check_none_failed(plain);
}

TEST_F(TextRunTest, ChecksMapsAtTheHead) {
  TextRequest request = this->request();
  request.steerings = map_at("lm_head", 1);
  run_text(engine_, request);
  request.steerings[0].set.rules.position = Position::avg;
  expect_error(
      ErrorKind::unsupported, {"lm_head"}, [&] { run_text(engine_, request); });
  request.steerings[0].set.rules.position = Position::last;
  run_text(engine_, request);
  expect_error(ErrorKind::unsupported, {"lm_head"}, [&] {
    make_text_tap(engine_, request.steerings, {}, HeadUse::score);
  });
}

TEST_F(TextRunTest, MapsThatMoveNothingNeedNoTap) {
  const auto steerings = map_at("model.layers.0.mlp", 2);
  const auto tap_at = [&](const std::vector<double>& strengths) {
    return make_text_tap(engine_, steerings, strengths, HeadUse::score);
  };
  EXPECT_EQ(tap_at({0, 0}), nullptr);
  EXPECT_NE(tap_at({0, 1}), nullptr);
}

TEST_F(TextRunTest, RefusesNothingToDo) {
  for (const auto& spoil : std::vector<void (*)(TextRequest&)>{
           [](TextRequest& r) { r.strengths.clear(); },
           [](TextRequest& r) { r.samples = 0; },
           [](TextRequest& r) { r.batch = 0; }}) {
    TextRequest request = this->request();
    spoil(request);
    expect_error(
        ErrorKind::usage, {"1 or more"}, [&] { run_text(engine_, request); });
  }
}

}  // namespace
}  // namespace lineas
