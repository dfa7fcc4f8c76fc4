// The drive: rows by their own number in one packed call, ended by its tap.
#include "lineas/generate/text_drive.h"

#include <gtest/gtest.h>

#include "lineas/tap/recorder.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/language_model_run.h"
#include "tests/support/parity.h"

namespace lineas {
namespace {

using testing::Ids;

const std::vector<Ids> kPrompts{{3, 9, 4}, {7}, {1, 2, 3, 4, 5, 6}};

// Counts visits by site and keeps the rows of the last call.
class Watcher : public Tap {
 public:
  explicit Watcher(SiteIndex last) : last_(last) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override {
    seen.push_back(site);
    rows = context.rows;
    return x;
  }
  bool finished() const override {
    return !seen.empty() && seen.back() == last_;
  }
  std::vector<SiteIndex> seen;
  std::vector<RowView> rows;

 private:
  SiteIndex last_;
};

class TextDriveTest : public ::testing::Test {
 protected:
  TextDriveTest()
      : model_(load_language_model(testing::fixtures() + "/qwen2",
                                   {.dtype = at::kFloat})),
        drive_(*model_, kPrompts) {}

  SiteIndex site(const char* name) const { return model_->sites().find(name); }

  std::unique_ptr<LanguageModel> model_;
  TextDrive drive_;
};

TEST_F(TextDriveTest, RowsCarryTheirNumbers) {
  Watcher watcher(site("lm_head"));
  const Ids rows{2, 0};
  drive_.run(rows, watcher);
  ASSERT_EQ(watcher.rows.size(), 2u);
  EXPECT_EQ(watcher.rows[0].row, 2);
  EXPECT_EQ(watcher.rows[0].end, 6);
  EXPECT_EQ(watcher.rows[1].row, 0);
  EXPECT_EQ(watcher.rows[1].begin, 6);
  EXPECT_EQ(watcher.rows[1].position, 0);
  EXPECT_EQ(drive_.row_count(), 3);
}

TEST_F(TextDriveTest, StopsAtTheTapsLastSiteAndElseReachesTheHead) {
  Watcher early(site("model.layers.0.post_attention_layernorm"));
  drive_.run(Ids{0, 1}, early);
  for (const SiteIndex seen : early.seen) {
    EXPECT_FALSE(drive_.sites()[seen].name.starts_with("model.layers.1"));
    EXPECT_NE(seen, site("lm_head"));
  }
  Watcher never(-1);
  drive_.run(Ids{0, 1}, never);
  EXPECT_EQ(static_cast<int64_t>(never.seen.size()), drive_.sites().size());
}

TEST_F(TextDriveTest, RecordsEveryRowAsWhenAlone) {
  const std::vector<Place> mlp = drive_.places("model.layers.1.mlp");
  const auto together = record(drive_, Ids{0, 1, 2}, mlp);
  const auto again = record(drive_, Ids{0, 1, 2}, mlp, {.micro_batch = 1});
  EXPECT_LE(testing::error_of(together[0], again[0]), 1e-6);
  const auto other_order = record(drive_, Ids{2, 1, 0}, mlp);
  EXPECT_LE(testing::error_of(other_order[0].flip(0), again[0]), 1e-6);
}

TEST_F(TextDriveTest, KeepsGradientsWhereTheyAreAskedFor) {
  PooledRecorder recorder(drive_.places("model.layers.1.mlp"), {});
  class Input : public Tap {
   public:
    Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
      return site == 0 ? x.detach().set_requires_grad(true) : x;
    }
  } input;
  ChainTap chain({&input, &recorder});
  drive_.run(Ids{0, 2}, chain);
  EXPECT_TRUE(recorder.pooled()[0].requires_grad());
}

TEST_F(TextDriveTest, RefusesPromptsThatDoNotFit) {
  const int64_t context = model_->info().context;
  testing::expect_error(
      ErrorKind::usage, {"prompt 2", std::to_string(context)}, [&] {
        TextDrive(*model_, {Ids(context, 1), Ids(context + 1, 1)});
      });
  testing::expect_error(
      ErrorKind::usage, {"prompt 1"}, [&] { TextDrive(*model_, {{}}); });
}

}  // namespace
}  // namespace lineas
