// Methods that shift along one direction a site: caa, actadd, pca, iti-c.
#include "lineas/learn/methods.h"
#include "lineas/ot/principal.h"
#include "lineas/tap/recorder.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::error_of;

class Directions : public ::testing::Test {
 protected:
  Problem problem(int64_t target = 8) {
    return testing::problem_of(drive_, 8, target, "[a-d]", "[a-d]");
  }
  MapSet learn(const std::string& method,
               const Json& options = Json::object()) {
    Progress silent;
    return make_learner(method, options)->learn(problem(), silent);
  }
  struct Responses {
    std::vector<Tensor> source, target;
  };
  Responses responses(Pooling pooling) {
    const Problem given = problem();
    const RecordOptions options{.pooling = pooling};
    return {record(drive_, given.source_rows, given.map_places, options),
            record(drive_, given.target_rows, given.map_places, options)};
  }

  testing::ToyDrive drive_;
};

TEST_F(Directions, CaaAndActaddAreDifferencesOfMeans) {
  for (const auto& [method, pooling] :
       {std::pair("caa", Pooling::last), {"actadd", Pooling::mean}}) {
    const MapSet set = learn(method);
    const Responses all = responses(pooling);
    for (size_t site = 0; site < set.maps.size(); ++site) {
      const AffineMap& map = set.maps[site].second;
      EXPECT_LT(error_of(map.shift_D,
                         all.target[site].mean(0) - all.source[site].mean(0)),
                1e-6)
          << method;
      EXPECT_TRUE(map.scale_D.equal(at::ones({map.width()})));
    }
  }
}

TEST_F(Directions, PcaTakesTheMeanDifferenceAlongItsComponent) {
  const MapSet set = learn("pca");
  const Responses all = responses(Pooling::last);
  for (size_t site = 0; site < set.maps.size(); ++site) {
    const Tensor pairs_ND =
        (all.target[site] - all.source[site]).to(at::kDouble);
    const Tensor component_D = principal_direction(pairs_ND);
    const Tensor shift_D = set.maps[site].second.shift_D.to(at::kDouble);
    EXPECT_NEAR(shift_D.norm().item<double>(),
                component_D.dot(pairs_ND.mean(0)).abs().item<double>(),
                1e-6);
    EXPECT_GT(shift_D.dot(pairs_ND.mean(0)).item<double>(), 0);
  }
}

TEST_F(Directions, ItiShiftsByTheDeviationAlongItsProbe) {
  const MapSet set = learn("iti-c");
  const Responses all = responses(Pooling::last);
  for (size_t site = 0; site < set.maps.size(); ++site) {
    const Tensor shift_D = set.maps[site].second.shift_D.to(at::kDouble);
    const double length = shift_D.norm().item<double>();
    ASSERT_GT(length, 0);
    const Tensor both_ND =
        at::cat({all.source[site], all.target[site]}).to(at::kDouble);
    EXPECT_NEAR(both_ND.matmul(shift_D / length).std().item<double>(),
                length,
                1e-5 * length);
    EXPECT_GT(shift_D
                  .dot((all.target[site].mean(0) - all.source[site].mean(0))
                           .to(at::kDouble))
                  .item<double>(),
              0);
  }
}

TEST_F(Directions, ItiKeepsTheMostAccurateSites) {
  const MapSet all = learn("iti-c");
  const auto accuracy =
      all.provenance["probe_accuracy"].get<std::vector<double>>();
  ASSERT_EQ(accuracy.size(), 4u);
  for (const double share : accuracy) {
    EXPECT_GE(share, 0);
    EXPECT_LE(share, 1);
  }
  const MapSet best = learn("iti-c", {{"top-sites", 2}});
  double least_kept = 2, most_dropped = -1;
  int kept = 0;
  for (size_t site = 0; site < 4; ++site) {
    const Tensor& shift_D = best.maps[site].second.shift_D;
    if (shift_D.count_nonzero().item<int64_t>() == 0) {
      most_dropped = std::max(most_dropped, accuracy[site]);
      continue;
    }
    ++kept;
    least_kept = std::min(least_kept, accuracy[site]);
    EXPECT_TRUE(shift_D.equal(all.maps[site].second.shift_D));
  }
  EXPECT_EQ(kept, 2);
  EXPECT_GE(least_kept, most_dropped);
}

TEST_F(Directions, NumbersOutOfRangeAreUsageErrors) {
  for (const auto& [name, value] : {std::pair("top-sites", -1), {"folds", 1}})
    testing::expect_error(ErrorKind::usage, {name}, [&] {
      make_learner("iti-c", {{name, value}});
    });
}

}  // namespace
}  // namespace lineas
