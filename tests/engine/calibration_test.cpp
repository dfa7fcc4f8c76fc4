// The damage of a map by strength, and the end of its slider.
#include "lineas/engine/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lineas/engine/engine.h"
#include "lineas/engine/learn_maps.h"
#include "lineas/generate/score.h"
#include "lineas/maps/steer_tap.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using Prompts = std::vector<std::vector<int64_t>>;

class Calibrate : public ::testing::Test {
 protected:
  // All norms after attention shifted by so much.
  MapSet shifted(double by) const {
    MapSet set;
    const SiteTable& sites = engine_.model().sites();
    for (const SiteIndex site : sites.match(".*post.*layernorm")) {
      AffineMap map = AffineMap::identity(sites[site].width);
      map.shift_D += by;
      set.maps.add(MapKey(sites[site].name), map);
    }
    return set;
  }
  Calibration found(const MapSet& set) const {
    return calibrate(engine_.model(), prompts_, set, {});
  }

  Engine engine_{testing::fixtures() + "/qwen2", {.device = "cpu"}};
  Prompts prompts_{{5, 6, 9, 2}, {11, 12, 13}, {7}};
};

TEST_F(Calibrate, TheIdentityDoesNoDamage) {
  const Calibration none = found(shifted(0));
  EXPECT_EQ(none.end, 1.5);
  ASSERT_EQ(none.damages.size(), 7u);
  for (const Damage& damage : none.damages) {
    EXPECT_NEAR(damage.kl, 0, 1e-6);
    EXPECT_EQ(damage.perplexity, none.damages[0].perplexity);
  }
}

TEST_F(Calibrate, PerplexityIsThatOfScoring) {
  const MapSet set = shifted(0.5);
  const Calibration calibration = found(set);
  for (const Damage& damage : calibration.damages) {
    SteerTap tap(engine_.model().sites(), {{set, damage.strength, "map"}});
    double sum = 0, tokens = 0;
    for (const TextScore& score :
         score_text(engine_.model(),
                    prompts_,
                    {.tap = damage.strength > 0 ? &tap : nullptr})) {
      sum += score.logprob;
      tokens += static_cast<double>(score.tokens);
    }
    EXPECT_NEAR(damage.perplexity / std::exp(-sum / tokens), 1, 1e-4);
  }
}

TEST_F(Calibrate, TheSliderEndsWhereATokenInTwentyMovesByANat) {
  double by = 0.1;
  while (found(shifted(by)).end == 1.5 && by < 1e4) by *= 2;
  const MapSet set = shifted(by);
  const Calibration calibration = found(set);
  ASSERT_LT(calibration.end, 1.5);
  MapSet at_end = shifted(by * calibration.end / 0.25);
  EXPECT_NEAR(found(at_end).damages[1].kl_95, 1, 0.15)
      << "at a quarter of what is four times as strong";
  EXPECT_EQ(calibrated_end({{"calibration", to_json(calibration)}}),
            calibration.end);
}

TEST_F(Calibrate, ProvenanceMayTellNothing) {
  for (const Json& provenance : {Json::object(),
                                 Json{{"calibration", 3}},
                                 Json{{"calibration", Json::object()}},
                                 Json{{"calibration", {{"end", "far"}}}},
                                 Json{{"calibration", {{"end", -1}}}}})
    EXPECT_FALSE(calibrated_end(provenance)) << provenance;
}

TEST_F(Calibrate, LearningNotesItWhereItIsAsked) {
  LearnRequest request;
  request.source = {.ids = {{3, 9, 4}, {7, 8}}, .name = "source"};
  request.target = {.ids = {{5, 6}, {11, 12, 13}}, .name = "target"};
  request.options = {{"steps", 2}};
  Progress silent;
  EXPECT_FALSE(calibrated_end(learn_maps(engine_, request, silent).provenance));
  request.calibrates = true;
  const MapSet set = learn_maps(engine_, request, silent);
  EXPECT_TRUE(calibrated_end(set.provenance));
  EXPECT_EQ(set.provenance["calibration"]["kl"].size(), 7u);
}

}  // namespace
}  // namespace lineas
