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
  void advance(Trajectory& trajectory, Tap& tap) override {
    ++trajectory.segment;
    const std::vector<int64_t>& rows = trajectory.rows;
    std::vector<int64_t> lengths;
    std::vector<Tensor> values;
    for (int64_t row : rows) {
      lengths.push_back(row + 1);
      values.push_back(at::full({row + 1, 2}, static_cast<double>(row)));
    }
    Pass pass({.rows = pack_rows(lengths, rows)}, &tap);
    ++calls;
    run_until_finished([&] {
      const Tensor a_SD = pass.visit(0, at::cat(values));
      ++second_sites;
      pass.visit(1, a_SD * 10);
    });
  }
  const SiteTable& sites() const override { return sites_; }
  int64_t row_count() const override { return 4; }

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
constexpr Place kA{0}, kB{1};

TEST(Recorder, PoolsChosenSitesInTheirOrder) {
  ToyDrive drive;
  const std::vector<Tensor> pooled = record(drive, kRows, {kB, kA});
  ASSERT_EQ(pooled.size(), 2u);
  EXPECT_TRUE(at::equal(
      pooled[1], at::tensor({0.f, 0.f, 1.f, 1.f, 3.f, 3.f}).view({3, 2})));
  EXPECT_TRUE(at::equal(pooled[0], pooled[1] * 10));
}

TEST(Recorder, MicroBatchesChangeNothing) {
  for (int64_t size : {1, 2, 5}) {
    ToyDrive drive;
    const Tensor whole = record(drive, kRows, {kA})[0];
    drive.calls = 0;
    EXPECT_TRUE(
        at::equal(record(drive, kRows, {kA}, {.micro_batch = size})[0], whole));
    EXPECT_EQ(drive.calls, (3 + size - 1) / size);
  }
}

TEST(Recorder, LeavesThePassBehindItsLastSite) {
  ToyDrive drive;
  record(drive, kRows, {kA});
  EXPECT_EQ(drive.second_sites, 0);
  record(drive, kRows, {kB});
  EXPECT_EQ(drive.second_sites, 1);
}

TEST(Recorder, SeesWhatMapsBeforeItAnswer) {
  ToyDrive drive;
  AddOne add;
  const Tensor plain = record(drive, kRows, {kB})[0];
  const Tensor mapped = record(drive, kRows, {kB}, {.before = &add})[0];
  EXPECT_TRUE(at::equal(mapped, plain + 10 + 1));
}

TEST(Recorder, KeepsEveryTokenInFloat32) {
  ToyDrive drive;
  TokenRecorder recorder({kB});
  drive.run(kRows, recorder);
  EXPECT_EQ(recorder.tokens()[0].size(0), 1 + 2 + 4);
  EXPECT_EQ(recorder.tokens()[0].scalar_type(), at::kFloat);
  EXPECT_TRUE(recorder.finished());
}

TEST(Recorder, NamesTheSiteOfANaN) {
  const std::string site = "model.layers.3";
  check_finite(at::ones({2}), site, "the response");
  for (double bad : {NAN, INFINITY})
    testing::expect_error(
        ErrorKind::numeric, {"\"model.layers.3\"", "the response"}, [&] {
          check_finite(at::full({2}, bad), site, "the response");
        });
}

TEST(ChainTap, EachSeesWhatTheOneBeforeAnswered) {
  AddOne one, two;
  TokenRecorder recorder({kA});
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
