// One pass that is fitted as it goes, against a pass a site; micro-batches
// against none; and that nothing which goes wrong in a thread hangs.
#include "lineas/learn/frontier.h"

#include "lineas/generate/text_drive.h"
#include "lineas/maps/steer_tap.h"
#include "lineas/ot/affine_fit.h"
#include "lineas/tap/stoppable_drive.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;
using testing::ToyDrive;

AffineMap line(const Tensor& source_ND, const Tensor& target_MD) {
  const AffineFit fit = fit_line(source_ND, target_MD);
  return {fit.scale_D.to(at::kFloat), fit.shift_D.to(at::kFloat)};
}

// The maps of a run that fits lines.
std::vector<AffineMap> fit_lines(const Problem& problem,
                                 const FrontierOptions& options) {
  std::vector<AffineMap> maps(problem.map_places.size());
  fit_at_frontier(
      problem,
      options,
      [&](size_t place, const Tensor& source_ND, const Tensor& target_MD) {
        EXPECT_EQ(source_ND.size(0),
                  static_cast<int64_t>(problem.source_rows.size()));
        EXPECT_EQ(target_MD.size(0),
                  static_cast<int64_t>(problem.target_rows.size()));
        EXPECT_FALSE(source_ND.requires_grad());
        return maps[place] = line(source_ND, target_MD);
      });
  return maps;
}

FrontierOptions pieces(int64_t micro_batch) {
  return {.response = {.micro_batch = micro_batch}};
}

class FrontierTest : public ::testing::Test {
 protected:
  Problem problem() {
    return testing::problem_of(drive_, 7, 6, "a|b|d", "a|b|d");
  }
  std::vector<AffineMap> fit(const FrontierOptions& options) {
    return fit_lines(problem(), options);
  }
  // The published way: the whole model anew for every site.
  std::vector<AffineMap> fit_site_by_site(Pooling pooling,
                                          Position position,
                                          bool map_target) {
    const Problem given = problem();
    MapSet set;
    set.rules.position = position;
    std::vector<AffineMap> maps;
    for (const Place& place : given.map_places) {
      const auto pooled = [&](const std::vector<int64_t>& rows, bool mapped) {
        SteerTap steer(drive_.sites(), {{set, mapped ? 1.0 : 0.0}});
        return record(
            drive_, rows, {place}, {.reading = {pooling}, .before = &steer})[0];
      };
      maps.push_back(line(pooled(given.source_rows, true),
                          pooled(given.target_rows, map_target)));
      set.maps.add(key_of(place, drive_.sites()), maps.back());
    }
    return maps;
  }

  ToyDrive drive_;
};

void expect_same(const std::vector<AffineMap>& a,
                 const std::vector<AffineMap>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t place = 0; place < a.size(); ++place) {
    EXPECT_LT(error_of(a[place].scale_D, b[place].scale_D), 1e-5) << place;
    EXPECT_LT(error_of(a[place].shift_D, b[place].shift_D), 1e-5) << place;
  }
}

TEST_F(FrontierTest, IsWhatAPassASiteFinds) {
  for (const bool map_target : {true, false})
    for (const Position position :
         {Position::all, Position::last, Position::avg})
      for (const Pooling pooling : {Pooling::mean, Pooling::max})
        expect_same(fit({.response = {.reading = {pooling},
                                      .position = position,
                                      .micro_batch = 4},
                         .map_target = map_target}),
                    fit_site_by_site(pooling, position, map_target));
}

TEST_F(FrontierTest, RunsEveryRowOnceUpToTheLastSite) {
  testing::Ids rows = problem().source_rows;
  for (const int64_t row : problem().target_rows) rows.push_back(row);
  for (const int64_t micro_batch : {0, 1, 4, 13, 99}) {
    drive_.calls.clear();
    drive_.visits.clear();
    fit(pieces(micro_batch));
    testing::Ids seen;
    for (const testing::Ids& call : drive_.calls)
      seen.insert(seen.end(), call.begin(), call.end());
    EXPECT_EQ(seen, rows);
    for (const auto& [site, visits] : drive_.visits)
      EXPECT_EQ(visits, static_cast<int>(drive_.calls.size())) << site;
  }
}

TEST_F(FrontierTest, MicroBatchesChangeNothing) {
  const auto whole = fit({});
  for (const int64_t micro_batch : {1, 2, 5, 7, 12})
    expect_same(fit(pieces(micro_batch)), whole);
}

TEST_F(FrontierTest, ALanguageModelToo) {
  for (const char* name : {"qwen2", "gemma2"}) {
    testing::TinyLearning tiny(name, 12);
    const Problem given =
        testing::problem_of(tiny.drive, 6, 5, ".*(layernorm|layers.\\d)", ".*");
    expect_same(fit_lines(given, pieces(3)), fit_lines(given, {}));
  }
}

// More passes at a time than the drive keeps packed prompts for.
TEST_F(FrontierTest, HundredsOfMicroBatches) {
  const auto model = load_language_model(testing::fixtures() + "/qwen2",
                                         {.dtype = at::kFloat});
  std::vector<testing::Ids> prompts;
  for (int64_t row = 0; row < 300; ++row)
    prompts.push_back({1 + row % 17, 1 + row % 13});
  TextDrive drive(*model, prompts);
  const Problem given =
      testing::problem_of(drive, 150, 150, ".*layernorm", ".*layernorm");
  expect_same(fit_lines(given, pieces(1)), fit_lines(given, {}));
}

// The fit, the model and a value that is not finite, in a thread or not.
TEST_F(FrontierTest, FailuresAreThrownAndEndThePasses) {
  for (const int64_t micro_batch : {0, 2}) {
    for (const size_t place : {0, 2})
      expect_error(ErrorKind::numeric, {"no fit"}, [&] {
        fit_at_frontier(problem(),
                        pieces(micro_batch),
                        [&](size_t at, const Tensor& x_ND, const Tensor& y_MD) {
                          if (at == place) fail(ErrorKind::numeric, "no fit");
                          return line(x_ND, y_MD);
                        });
      });
    ToyDrive broken;
    broken.weights()[2] = at::randn({2, 2});  // does not fit its input
    const Problem given = testing::problem_of(broken, 7, 6, "a|d", "a|d");
    EXPECT_THROW(fit_lines(given, pieces(micro_batch)), std::exception);
    broken.weights()[2] = at::full({5, 4}, NAN);
    expect_error(ErrorKind::numeric, {"\"d\""}, [&] {
      fit_lines(given, pieces(micro_batch));
    });
  }
}

TEST_F(FrontierTest, CancellingEndsThePasses) {
  for (const int64_t micro_batch : {0, 3}) {
    bool is_over = false;
    expect_error(ErrorKind::cancelled, {"\"b\""}, [&] {
      StoppableDrive drive(drive_, [&is_over] { return is_over; });
      fit_at_frontier(with_drive(problem(), drive),
                      pieces(micro_batch),
                      [&](size_t, const Tensor& x_ND, const Tensor& y_MD) {
                        is_over = true;
                        return line(x_ND, y_MD);
                      });
    });
  }
}

}  // namespace
}  // namespace lineas
