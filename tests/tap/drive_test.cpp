// A run as its segments, places by pattern, and stopping half-way.
#include "lineas/tap/drive.h"

#include "lineas/tap/recorder.h"
#include "lineas/tap/stoppable_drive.h"
#include "tests/support/errors.h"
#include "tests/support/trajectory_drive.h"

namespace lineas {
namespace {

using testing::TrajectoryDrive;

constexpr int64_t kRows[] = {0, 2};

TEST(Drive, PlacesAreSitesOrSitesOfEveryStep) {
  const TrajectoryDrive several(3), single(1);
  EXPECT_EQ(several.places("t.*"), (std::vector<Place>{{1}, {2}}));
  EXPECT_EQ(several.places("text", true),
            (std::vector<Place>{{2, 0}, {2, 1}, {2, 2}}));
  EXPECT_EQ(single.places("text", true), std::vector<Place>{{2}});
  EXPECT_EQ(several.name_of({1, 2}), "tokens@2");
}

TEST(Drive, ARunIsItsSegmentsUntilTheTapIsFinished) {
  TrajectoryDrive drive(3);
  PooledRecorder second(drive.places("conv"), {});
  drive.run(kRows, second);
  EXPECT_EQ(drive.calls.size(), 1u);
  PooledRecorder last({{0, 1}}, {});
  drive.calls.clear();
  drive.run(kRows, last);
  EXPECT_EQ(drive.calls.size(), 2u);
}

TEST(Drive, ASegmentRunAgainFromItsStateDoesTheSame) {
  TrajectoryDrive drive(2);
  class Nothing : public Tap {
   public:
    Tensor visit(SiteIndex, Tensor x, const PassContext&) override { return x; }
  } nothing;
  Trajectory way = drive.begin(kRows);
  drive.advance(way, nothing);
  Trajectory once = way, twice = way;
  drive.advance(once, nothing);
  drive.advance(twice, nothing);
  EXPECT_TRUE(at::equal(once.carried[0], twice.carried[0]));
  EXPECT_EQ(once.segment, 2);
}

TEST(StoppableDrive, AsksAtEverySite) {
  for (const int limit : {1, 2, 4}) {
    TrajectoryDrive inner(3);
    int asked = 0;
    StoppableDrive drive(inner, [&] { return ++asked == limit; });
    PooledRecorder recorder({{2, 2}}, {});
    testing::expect_error(ErrorKind::cancelled, {"stopped at site"}, [&] {
      drive.run(kRows, recorder);
    });
    EXPECT_EQ(asked, limit);
    EXPECT_EQ(inner.calls.size(), limit == 4 ? 2u : 1u);
  }
}

TEST(StoppableDrive, ChangesNothingWhereNobodyAsks) {
  TrajectoryDrive inner(2);
  StoppableDrive asked(inner, [] { return false; }), silent(inner, {});
  for (Drive* drive :
       {static_cast<Drive*>(&asked), static_cast<Drive*>(&silent)})
    EXPECT_TRUE(at::equal(record(*drive, kRows, {{1}})[0],
                          record(inner, kRows, {{1}})[0]));
}

}  // namespace
}  // namespace lineas
