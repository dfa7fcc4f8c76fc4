// The frame of the layer-wise methods: options, supports, unequal counts, what
// it reports, what it refuses.
#include "lineas/learn/layerwise.h"

#include "lineas/ot/support.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"
#include "tests/support/learning.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;
using testing::map_bytes;
using testing::ToyDrive;

class Layerwise : public ::testing::Test {
 protected:
  Problem problem(int64_t source = 8, int64_t target = 8) {
    return testing::problem_of(drive_, source, target, "[a-c]", "[a-c]");
  }
  MapSet learn(const std::string& method,
               const Json& options = Json::object(),
               const RunFiles& files = {}) {
    return learn(method, options, problem(), files);
  }
  static MapSet learn(const std::string& method,
                      const Json& options,
                      const Problem& problem,
                      const RunFiles& files = {}) {
    Progress silent;
    return make_learner(method, options, files)->learn(problem, silent);
  }

  ToyDrive drive_;
};

TEST_F(Layerwise, ReportsTheLossOfEverySite) {
  for (const bool at_once : {false, true}) {
    const MapSet set =
        learn("linear-act", {{"at-once", at_once}, {"shrink", "none"}});
    const Json& loss = set.provenance["transport_loss"];
    ASSERT_EQ(loss["before"].size(), 3u);
    for (size_t site = 0; site < 3; ++site)
      EXPECT_LT(loss["after"][site].get<double>(),
                0.7 * loss["before"][site].get<double>());
    EXPECT_EQ(set.provenance["method"], "linear-act");
    EXPECT_EQ(set.provenance["options"]["at-once"], at_once);
    EXPECT_EQ(set.provenance["options"].size(),
              default_options("linear-act").size());
  }
}

TEST_F(Layerwise, SlopesAndShiftsAreShrunkUnlessAskedForAsPublished) {
  for (const char* method : {"linear-act", "gaussian-act"}) {
    const auto size = [&](const char* shrink) {
      const AffineMap map = learn(method, {{"shrink", shrink}}).maps[0].second;
      return (map.scale_D - 1).norm().item<double>();
    };
    EXPECT_LT(size("error"), 0.9 * size("none")) << method;
    EXPECT_EQ(default_options(method)["shrink"], "error");
  }
}

TEST_F(Layerwise, IdenticalSidesGiveTheIdentityAndNoLoss) {
  Problem same = problem();
  same.target_rows = {5, 4, 3, 2, 1, 0, 6, 7};
  for (const char* method : {"linear-act", "mean-act", "gaussian-act"}) {
    const MapSet set = learn(method, Json::object(), same);
    for (const auto& [key, map] : set.maps) {
      EXPECT_TRUE(map.scale_D.equal(at::ones({map.width()})))
          << method << key.site;
      EXPECT_EQ(map.shift_D.count_nonzero().item<int64_t>(), 0) << method;
    }
    EXPECT_EQ(set.provenance["transport_loss"]["before"], Json({0., 0., 0.}));
    EXPECT_EQ(set.provenance["transport_loss"]["after"], Json({0., 0., 0.}));
  }
}

TEST_F(Layerwise, SupportsAreThePercentilesOfTheSource) {
  const MapSet set =
      learn("mean-act", {{"support-range", "12.5,80"}, {"at-once", true}});
  const Problem given = problem();
  const auto source =
      record(given.drive, given.source_rows, given.map_places, {});
  for (size_t site = 0; site < 3; ++site) {
    const QuantileRange range = quantile_range(source[site], 12.5, 80);
    ASSERT_TRUE(set.maps[site].second.support);
    EXPECT_LT(error_of(set.maps[site].second.support->low_D, range.low_D),
              1e-6);
    EXPECT_LT(error_of(set.maps[site].second.support->high_D, range.high_D),
              1e-6);
  }
  EXPECT_FALSE(learn("mean-act").maps[0].second.support);
}

// Later sites are fitted on what the maps before them do to each side: inside
// their supports only, or to the source only.
TEST_F(Layerwise, HowMapsActDecidesTheFitsBehindThem) {
  const MapSet plain = learn("linear-act", {{"shrink", "none"}});
  for (const auto& [option, value] :
       {std::pair("support-range", "25,75"), {"target-runs", "untouched"}}) {
    const MapSet other =
        learn("linear-act", {{option, value}, {"shrink", "none"}});
    EXPECT_TRUE(
        other.maps[0].second.scale_D.equal(plain.maps[0].second.scale_D));
    EXPECT_GT(
        error_of(other.maps[1].second.scale_D, plain.maps[1].second.scale_D),
        1e-3)
        << option;
  }
}

TEST_F(Layerwise, UnequalCountsAreMatchedExactlyOrDrawn) {
  const auto learned = [this](const char* match, int64_t seed) {
    return map_bytes(learn(
        "linear-act", {{"ot-match", match}, {"seed", seed}}, problem(8, 5)));
  };
  const MapSet drawn = learn("mean-act",
                             {{"ot-match", "subsample"}, {"at-once", true}},
                             problem(8, 5));
  const MapSet exact = learn("mean-act", {{"at-once", true}}, problem(8, 5));
  EXPECT_GT(
      error_of(drawn.maps[0].second.shift_D, exact.maps[0].second.shift_D),
      1e-3);
  EXPECT_NE(learned("exact", 0), learned("subsample", 0));
  EXPECT_NE(learned("subsample", 0), learned("subsample", 1));
  EXPECT_EQ(learned("subsample", 1), learned("subsample", 1));
}

TEST_F(Layerwise, PositionsBecomeTheMapsRule) {
  const MapSet set = learn("mean-act", {{"position", "avg"}});
  EXPECT_EQ(set.rules.position, Position::avg);
}

TEST_F(Layerwise, TheLogHasALineASite) {
  const testing::TempFolder folder;
  learn("linear-act", {{"micro-batch", 5}}, {.log = folder / "log.jsonl"});
  const std::string text = read_file(folder / "log.jsonl");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  const Json last = parse_json(text.substr(text.rfind("{\"")), "the log");
  EXPECT_EQ(last["site"], "c");
  EXPECT_EQ(last["step"], 3);
  EXPECT_LT(last["loss"].get<double>(), last["loss_before"].get<double>());
}

TEST_F(Layerwise, CancellingEndsThePassAndKeepsNothing) {
  for (const bool at_once : {true, false})
    for (const size_t call : {1, 2, 4}) {
      drive_.calls.clear();
      drive_.visits.clear();
      testing::StopInCall finger(drive_, call);
      expect_error(ErrorKind::cancelled, {"stopped", "nothing is kept"}, [&] {
        make_learner("linear-act", {{"at-once", at_once}, {"micro-batch", 4}})
            ->learn(problem(), finger);
      });
      EXPECT_EQ(drive_.calls.size(), call) << at_once;
      EXPECT_EQ(drive_.visits[1], at_once ? static_cast<int>(call) - 1 : 0);
    }
}

TEST_F(Layerwise, MatchSitesOfTheirOwnAreRefused) {
  Problem other = testing::problem_of(drive_, 8, 8, "a", "b");
  expect_error(ErrorKind::usage, {"--match", "linear-act"}, [&] {
    learn("linear-act", Json::object(), other);
  });
}

TEST_F(Layerwise, TooFewPromptsSayHowManyAreNeeded) {
  const Problem one = problem(1, 8);
  for (const char* method : {"linear-act", "gaussian-act", "aura", "det-0"})
    expect_error(ErrorKind::usage, {method, "2", "1 source", "8 target"}, [&] {
      learn(method, Json::object(), one);
    });
  expect_error(ErrorKind::usage, {"--support-range", "2"}, [&] {
    learn("mean-act", {{"support-range", "5,95"}}, one);
  });
}

TEST_F(Layerwise, OptionsOutOfRangeAreRefusedBeforeAnythingRuns) {
  for (const auto& [name, value] : {std::pair<const char*, Json>("pool", "sum"),
                                    {"position", "first"},
                                    {"target-runs", "some"},
                                    {"ot-match", "half"},
                                    {"micro-batch", -1},
                                    {"support-range", "95,5"},
                                    {"shrink", "some"},
                                    {"support-range", "5"},
                                    {"support-range", "-1,50"},
                                    {"support-range", "5,101"},
                                    {"support-range", "5,x"},
                                    {"support-range", "5,95x"}})
    expect_error(ErrorKind::usage, {name}, [&] {
      make_learner("linear-act", {{name, value}});
    });
  expect_error(ErrorKind::usage, {"--experts", "--at-once"}, [] {
    make_learner("det-0", {{"experts", 3}, {"at-once", false}});
  });
  expect_error(ErrorKind::usage, {"--top-sites", "--at-once"}, [] {
    make_learner("iti-c", {{"top-sites", 1}, {"at-once", false}});
  });
}

}  // namespace
}  // namespace lineas
