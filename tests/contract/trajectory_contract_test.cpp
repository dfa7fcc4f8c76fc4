// What learning must keep on a drive of several steps and two guidance halves:
// gradients against finite differences in double, replay over rows and over
// segments against the undivided gradient, recorders and incremental fits.
#include <numeric>

#include "lineas/learn/frontier.h"
#include "lineas/learn/learn.h"
#include "lineas/learn/map_loss.h"
#include "lineas/maps/steer_tap.h"
#include "lineas/ot/affine_fit.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/trajectory_drive.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::TrajectoryDrive;

constexpr int64_t kSteps = 3;
using Ids = std::vector<int64_t>;

Ids rows_between(int64_t begin, int64_t end) {
  Ids rows(end - begin);
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

// Four rows a side; maps for all steps, or one a step.
Problem problem_of(Drive& drive, bool per_step) {
  return {.drive = drive,
          .source_rows = rows_between(0, 4),
          .target_rows = rows_between(4, 8),
          .map_places = drive.places(".*", per_step),
          .match_places = drive.places("conv|tokens", /*each_step=*/true)};
}

class TrajectoryContract : public ::testing::TestWithParam<bool> {
 protected:
  TrajectoryContract()
      : problem_(problem_of(drive_, GetParam())),
        parameters_(drive_.sites(), problem_.map_places, at::kDouble) {
    const c10::NoGradGuard no_gradients;
    at::manual_seed(3);
    parameters_.values().add_(at::randn_like(parameters_.values()) * 0.1);
  }
  double loss_at(MapLoss& loss) {
    return loss.compare(loss.respond_without_graph(problem_.source_rows), 0)
        .loss;
  }

  TrajectoryDrive drive_{kSteps};
  Problem problem_;
  AffineParameters parameters_;
};

TEST_P(TrajectoryContract, EveryGradientIsAFiniteDifference) {
  MapLoss loss(problem_, parameters_, {});
  EXPECT_NEAR(
      loss.evaluate(problem_.source_rows, 0).loss, loss_at(loss), 1e-12);
  const Tensor gradient_P = parameters_.gradient().clone();
  const c10::NoGradGuard no_gradients;
  constexpr double kStep = 1e-6;
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    parameters_.values()[i] += kStep;
    const double right = loss_at(loss);
    parameters_.values()[i] -= 2 * kStep;
    const double left = loss_at(loss);
    parameters_.values()[i] += kStep;
    EXPECT_NEAR((right - left) / (2 * kStep),
                gradient_P[i].item<double>(),
                1e-6 * std::max(1.0, std::abs(left)));
  }
  EXPECT_GT(gradient_P.abs().min().item<double>(), 0) << "all have an effect";
}

TEST_P(TrajectoryContract, ReplayGivesTheUndividedGradient) {
  MapLoss whole(problem_, parameters_, {});
  const double golden = whole.evaluate(problem_.source_rows, 0).loss;
  const Tensor golden_P = parameters_.gradient().clone();
  for (const bool by_segment : {false, true})
    for (const int64_t micro_batch : {0, 1, 3, 4}) {
      MapLoss pieces(
          problem_,
          parameters_,
          {.response = {.micro_batch = micro_batch, .by_segment = by_segment}});
      EXPECT_NEAR(
          pieces.evaluate(problem_.source_rows, 0).loss, golden, 1e-9 * golden);
      EXPECT_LE(error_of(parameters_.gradient(), golden_P), 1e-9)
          << by_segment << micro_batch;
    }
}

// Without a graph over all segments, then backward from the last one, whose
// graph was kept: the others run once more.
TEST_P(TrajectoryContract, BySegmentHoldsTheGraphOfOneAtATime) {
  MapLoss loss(problem_, parameters_, {.response = {.by_segment = true}});
  drive_.calls.clear();
  loss.evaluate(problem_.source_rows, 0);
  std::vector<int> steps;
  for (const auto& [step, rows] : drive_.calls) steps.push_back(step);
  EXPECT_EQ(steps, (std::vector<int>{0, 1, 2, 1, 0}));
}

TEST_P(TrajectoryContract, RecordersAnswerOneVectorARow) {
  for (const Half half : {Half::conditional, Half::unconditional}) {
    const std::vector<Tensor> whole = record(drive_,
                                             problem_.source_rows,
                                             drive_.places(".*", true),
                                             {.reading = {.half = half}});
    ASSERT_EQ(whole.size(), 3u * kSteps);
    for (const Tensor& pooled_ND : whole) EXPECT_EQ(pooled_ND.size(0), 4);
    const std::vector<Tensor> pieces =
        record(drive_,
               problem_.source_rows,
               drive_.places(".*", true),
               {.reading = {.half = half}, .micro_batch = 3});
    for (size_t p = 0; p < whole.size(); ++p)
      EXPECT_LE(error_of(pieces[p], whole[p]), 1e-12);
  }
  const auto text = [&](Half half) {
    return record(drive_,
                  problem_.source_rows,
                  {Place{2}},
                  {.reading = {.half = half}})[0];
  };
  EXPECT_TRUE(
      at::equal(text(Half::unconditional), at::zeros({4, 3}, at::kDouble)));
  EXPECT_GT(text(Half::conditional).abs().min().item<double>(), 0);
}

AffineMap line(const Tensor& source_ND, const Tensor& target_MD) {
  const AffineFit fit = fit_line(source_ND, target_MD);
  return {fit.scale_D.to(at::kFloat), fit.shift_D.to(at::kFloat)};
}

// One pass that is fitted as it goes, against a run a place with the maps that
// are known so far; a map for all steps is fitted at the first.
TEST_P(TrajectoryContract, IncrementalFitsAreWhatARunAPlaceFinds) {
  for (const int64_t micro_batch : {0, 3}) {
    std::vector<std::pair<size_t, AffineMap>> found;
    drive_.calls.clear();
    fit_at_frontier(
        problem_,
        {.response = {.micro_batch = micro_batch}},
        [&](size_t place, const Tensor& source_ND, const Tensor& target_MD) {
          found.emplace_back(place, line(source_ND, target_MD));
          return found.back().second;
        });
    EXPECT_EQ(found.size(), problem_.map_places.size());
    const int last = drive_.calls.back().first;
    EXPECT_EQ(last, GetParam() ? kSteps - 1 : 0) << "no further than needed";
    MapSet set;
    for (const auto& [number, map] : found) {
      const Place& place = problem_.map_places[number];
      SteerTap steer(drive_.sites(), {{set}});
      const auto pooled = [&](const Ids& rows) {
        return record(drive_, rows, {place}, {.before = &steer})[0];
      };
      const AffineMap golden =
          line(pooled(problem_.source_rows), pooled(problem_.target_rows));
      EXPECT_LE(error_of(map.scale_D, golden.scale_D), 1e-4);
      EXPECT_LE(error_of(map.shift_D, golden.shift_D), 1e-4);
      set.maps.add(key_of(place, drive_.sites()), map);
    }
  }
}

TEST_P(TrajectoryContract, AWholeRunOfLearningLowersTheLoss) {
  for (const std::string method : {"lineas", "linear-act"}) {
    Progress silent;
    Json as_published = Json::object();
    if (method == "linear-act") as_published["shrink"] = "none";
    const MapSet set = learn(drive_,
                             {.source_rows = 4},
                             {.sites = "conv|tokens",
                              .match = "conv|tokens",
                              .per_step = GetParam(),
                              .method = method,
                              .options = as_published},
                             silent);
    EXPECT_EQ(set.maps.size(), GetParam() ? 2u * kSteps : 2u) << method;
    SteerTap steer(drive_.sites(), {{set}});
    const auto responses = [&](const Ids& rows, Tap* before) {
      return at::cat(record(drive_,
                            rows,
                            drive_.places("conv|tokens", true),
                            {.before = before}),
                     1);
    };
    const Tensor goal = responses(problem_.target_rows, nullptr).mean(0);
    const auto distance = [&](Tap* before) {
      return (responses(problem_.source_rows, before).mean(0) - goal)
          .square()
          .mean()
          .item<double>();
    };
    EXPECT_LT(distance(&steer), 0.7 * distance(nullptr)) << method;
  }
}

INSTANTIATE_TEST_SUITE_P(Maps,
                         TrajectoryContract,
                         ::testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "PerStep" : "ForAllSteps";
                         });

// The text path is a run of one segment, not a copy of it.
TEST(OneSegment, IsTheWholeRun) {
  TrajectoryDrive drive(1);
  const Problem problem = problem_of(drive, true);
  EXPECT_EQ(problem.map_places, problem_of(drive, false).map_places);
  AffineParameters parameters(drive.sites(), problem.map_places, at::kDouble);
  MapLoss whole(problem, parameters, {});
  MapLoss cut(problem, parameters, {.response = {.by_segment = true}});
  drive.calls.clear();
  whole.evaluate(problem.source_rows, 0);
  const Tensor golden_P = parameters.gradient().clone();
  cut.evaluate(problem.source_rows, 0);
  EXPECT_EQ(drive.calls.size(), 2u);
  EXPECT_TRUE(at::equal(parameters.gradient(), golden_P));
}

}  // namespace
}  // namespace lineas
