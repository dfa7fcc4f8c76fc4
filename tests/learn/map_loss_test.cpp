// The loss as a function of the maps: its gradient against finite differences,
// alike in micro-batches, and what it says of a loss that is not finite.
#include "lineas/learn/map_loss.h"

#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::problem_of;
using testing::ToyDrive;

TEST(MapLoss, GradientMatchesFiniteDifferences) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 6, "[ab]", "[bc]");
  AffineParameters parameters(drive.sites(), problem.map_places);
  MapLoss loss(problem, parameters, {});
  const double here = loss.evaluate(problem.source_rows, 0).loss;
  const Tensor gradient_P = parameters.gradient().clone();
  const c10::NoGradGuard no_gradients;
  constexpr double kStep = 1e-2;
  for (int64_t i = 0; i < parameters.size(); ++i) {
    parameters.values()[i] += kStep;
    const double right = loss.evaluate(problem.source_rows, 0).loss;
    parameters.values()[i] -= 2 * kStep;
    const double left = loss.evaluate(problem.source_rows, 0).loss;
    parameters.values()[i] += kStep;
    EXPECT_NEAR((right - left) / (2 * kStep),
                gradient_P[i].item<double>(),
                0.02 * std::max(1.0, here));
  }
}

// Also with a piece that is left over, and pieces larger than all rows.
TEST(MapLoss, MicroBatchesChangeNothing) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 6, "[ab]", "[bc]");
  AffineParameters parameters(drive.sites(), problem.map_places);
  MapLoss whole(problem, parameters, {});
  const double golden = whole.evaluate(problem.source_rows, 0).loss;
  const Tensor golden_P = parameters.gradient().clone();
  for (const int64_t size : {1, 3, 7, 8, 20}) {
    MapLoss pieces(problem, parameters, {.micro_batch = size});
    EXPECT_NEAR(pieces.evaluate(problem.source_rows, 0).loss, golden, 1e-5);
    EXPECT_LE(error_of(parameters.gradient(), golden_P), 1e-5) << size;
  }
}

// The last piece runs once, the others twice.
TEST(MapLoss, OnlyTheLastPieceKeepsItsGraph) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 6, "a", "b");
  AffineParameters parameters(drive.sites(), problem.map_places);
  MapLoss loss(problem, parameters, {.micro_batch = 2});
  drive.calls.clear();
  loss.evaluate(problem.source_rows, 0);
  using Rows = std::vector<int64_t>;
  EXPECT_EQ(
      drive.calls,
      (std::vector<Rows>{{0, 1, 2, 3, 4, 5}, {6, 7}, {0, 1}, {2, 3}, {4, 5}}));
}

TEST(MapLoss, TheValueAloneNeedsNoGraph) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 6, "[ab]", "[bc]");
  AffineParameters parameters(drive.sites(), problem.map_places);
  for (const int64_t size : {0, 1, 3}) {
    MapLoss loss(problem, parameters, {.micro_batch = size});
    const double golden = loss.evaluate(problem.source_rows, 0).loss;
    const Tensor gradient_P = parameters.gradient().clone();
    drive.calls.clear();
    const Tensor response_NW = loss.respond_without_graph(problem.source_rows);
    EXPECT_NEAR(loss.compare(response_NW, 0).loss, golden, 1e-5);
    EXPECT_TRUE(at::equal(parameters.gradient(), gradient_P));
    EXPECT_EQ(drive.calls.size(), size == 1 ? 2u : 1u) << "and none again";
  }
}

TEST(MapLoss, NamesTheSiteOfALossThatIsNotFinite) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 6, "a", "[bc]");
  AffineParameters parameters(drive.sites(), problem.map_places);
  const MapLoss loss(problem, parameters, {});
  const ObjectiveValue value{.loss = INFINITY, .site_loss = {1, INFINITY}};
  testing::expect_error(ErrorKind::numeric,
                        {"step 3", "\"c\"", "inf", "Slow down."},
                        [&] { loss.require_finite(value, 2, "Slow down."); });
}

TEST(MapLoss, AsksAtEverySiteWhetherToStop) {
  ToyDrive drive;
  const Problem problem = problem_of(drive, 8, 6, "[ab]", "[bc]");
  AffineParameters parameters(drive.sites(), problem.map_places);
  int asked = 0, limit = 0;
  const MapLossOptions options{
      .micro_batch = 3, .is_cancelled = [&] { return ++asked == limit; }};
  const auto expect_stop = [&](int at, const std::function<void()>& work) {
    asked = 0;
    limit = at;
    testing::expect_error(ErrorKind::cancelled, {"stopped"}, work);
    EXPECT_EQ(asked, at);
  };
  // Three sites a pass.
  for (const int at : {1, 3})
    expect_stop(at, [&] { MapLoss(problem, parameters, options); });
  limit = 0;
  MapLoss loss(problem, parameters, options);
  for (const int at : {1, 4, 9})
    expect_stop(at, [&] { loss.evaluate(problem.source_rows, 0); });
  expect_stop(2, [&] { loss.respond_without_graph(problem.source_rows); });
}

}  // namespace
}  // namespace lineas
