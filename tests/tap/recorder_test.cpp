// Recorders, chains of taps and leaving a pass early, on a drive of two sites.
#include "lineas/tap/recorder.h"

#include "lineas/tap/tap.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

// Row r has r + 1 tokens of value r; site "b" sees ten times site "a".
class ToyDrive : public Drive {
 public:
  ToyDrive() {
    sites_.add("a", 2);
    sites_.add("b", 2);
  }
  void run(std::span<const int64_t> rows, Tap& tap) override {
    std::vector<int64_t> lengths;
    std::vector<Tensor> values;
    for (int64_t row : rows) {
      lengths.push_back(row + 1);
      values.push_back(at::full({row + 1, 2}, static_cast<double>(row)));
    }
    Pass pass({.rows = pack_rows(lengths, rows), .recompute = recompute}, &tap);
    ++calls;
    run_until_finished([&] {
      const Tensor a_SD = pass.visit(0, at::cat(values));
      ++second_sites;
      pass.visit(1, a_SD * 10);
    });
  }
  const SiteTable& sites() const override { return sites_; }
  int64_t row_count() const override { return 4; }

  bool recompute = false;
  int calls = 0;
  int second_sites = 0;

 private:
  SiteTable sites_;
};

class AddOne : public Tap {
 public:
  Tensor visit(SiteIndex, Tensor x, const PassContext&) override {
    return x + 1;
  }
};

constexpr int64_t kRows[] = {0, 1, 3};

TEST(Recorder, PoolsChosenSitesInTheirOrder) {
  ToyDrive drive;
  const std::vector<Tensor> pooled = record(drive, kRows, {1, 0});
  ASSERT_EQ(pooled.size(), 2u);
  EXPECT_TRUE(at::equal(
      pooled[1], at::tensor({0.f, 0.f, 1.f, 1.f, 3.f, 3.f}).view({3, 2})));
  EXPECT_TRUE(at::equal(pooled[0], pooled[1] * 10));
}

TEST(Recorder, MicroBatchesChangeNothing) {
  for (int64_t size : {1, 2, 5}) {
    ToyDrive drive;
    const Tensor whole = record(drive, kRows, {0})[0];
    drive.calls = 0;
    EXPECT_TRUE(
        at::equal(record(drive, kRows, {0}, {.micro_batch = size})[0], whole));
    EXPECT_EQ(drive.calls, (3 + size - 1) / size);
  }
}

TEST(Recorder, LeavesThePassBehindItsLastSite) {
  ToyDrive drive;
  record(drive, kRows, {0});
  EXPECT_EQ(drive.second_sites, 0);
  record(drive, kRows, {1});
  EXPECT_EQ(drive.second_sites, 1);
}

TEST(Recorder, SeesWhatMapsBeforeItAnswer) {
  ToyDrive drive;
  AddOne add;
  const Tensor plain = record(drive, kRows, {1})[0];
  const Tensor mapped = record(drive, kRows, {1}, {.before = &add})[0];
  EXPECT_TRUE(at::equal(mapped, plain + 10 + 1));
}

TEST(Recorder, AsksAtEverySiteWhetherToStop) {
  for (const int limit : {1, 2, 3, 4}) {
    ToyDrive drive;
    int asked = 0;
    testing::expect_error(ErrorKind::cancelled, {"stopped"}, [&] {
      record(drive, kRows, {1}, {.micro_batch = 2, .is_cancelled = [&] {
                                   return ++asked == limit;
                                 }});
    });
    EXPECT_EQ(asked, limit);
    EXPECT_EQ(drive.calls, (limit + 1) / 2) << "two sites a call";
  }
}

TEST(Recorder, IsSilentWhenABlockIsRecomputed) {
  ToyDrive drive;
  drive.recompute = true;
  PooledRecorder pooled({0}, Pooling::mean);
  TokenRecorder tokens({0});
  drive.run(kRows, pooled);
  drive.run(kRows, tokens);
  EXPECT_FALSE(pooled.finished());
  EXPECT_FALSE(pooled.pooled()[0].defined());
  EXPECT_FALSE(tokens.tokens()[0].defined());
}

TEST(Recorder, KeepsEveryTokenInFloat32) {
  ToyDrive drive;
  TokenRecorder recorder({1});
  drive.run(kRows, recorder);
  EXPECT_EQ(recorder.tokens()[0].size(0), 1 + 2 + 4);
  EXPECT_EQ(recorder.tokens()[0].scalar_type(), at::kFloat);
  EXPECT_TRUE(recorder.finished());
}

TEST(Recorder, NamesTheSiteOfANaN) {
  const Site site{"model.layers.3", 2};
  check_finite(at::ones({2}), site, "the response");
  for (double bad : {NAN, INFINITY})
    testing::expect_error(
        ErrorKind::numeric, {"\"model.layers.3\"", "the response"}, [&] {
          check_finite(at::full({2}, bad), site, "the response");
        });
}

TEST(ChainTap, EachSeesWhatTheOneBeforeAnswered) {
  AddOne one, two;
  TokenRecorder recorder({0});
  ChainTap chain({&one, &two, &recorder});
  EXPECT_FALSE(chain.finished());
  EXPECT_TRUE(
      at::equal(chain.visit(0, at::zeros({1, 2}), {}), at::full({1, 2}, 2.0)));
  EXPECT_TRUE(chain.finished());
  EXPECT_FALSE(ChainTap({&recorder, &one}).finished());
  EXPECT_FALSE(ChainTap({}).finished());
}

TEST(Pass, WithoutATapIsTransparent) {
  Pass pass{PassContext{}};
  const Tensor x = at::ones({2});
  EXPECT_TRUE(pass.visit(0, x).is_same(x));
}

TEST(PackRows, OneBehindTheOther) {
  const std::vector<RowView> rows = pack_rows(std::vector<int64_t>{2, 3});
  EXPECT_EQ(rows[1].row, 1);
  EXPECT_EQ(rows[1].begin, 2);
  EXPECT_EQ(rows[1].end, 5);
  EXPECT_EQ(rows[1].position, 0);
}

}  // namespace
}  // namespace lineas
