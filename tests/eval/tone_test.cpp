// The tone measurement on the bundled model: an identity map changes nothing,
// whatever the strength, and the model writes its world.
#include "lineas/eval/tone.h"

#include <gtest/gtest.h>

#include "lineas/engine/learn_maps.h"

namespace lineas {
namespace {

TEST(ToneRate, SharesAndTheirError) {
  const ToneRate rate{.texts = 100, .rude = 50, .grammatical = 90};
  EXPECT_DOUBLE_EQ(rate.rude_share(), 0.5);
  EXPECT_DOUBLE_EQ(rate.grammatical_share(), 0.9);
  EXPECT_DOUBLE_EQ(rate.rude_error(), 0.05);
  EXPECT_EQ(ToneRate().rude_share(), 0);
}

TEST(MeasureTone, AnIdentityMapChangesNothing) {
  const Engine engine("tinytown", {.device = "cpu"});
  const SiteTable& sites = engine.model().sites();
  MapSet identity;
  for (SiteIndex site : sites.match(default_sites(sites)))
    identity.maps.add(sites[site].name, AffineMap::identity(sites[site].width));
  const auto rates =
      measure_tone(engine,
                   identity,
                   {.strengths = {0, 1}, .openings = 30, .neutral_texts = 8});
  ASSERT_EQ(rates.size(), 2u);
  EXPECT_EQ(rates[0].texts, 30);
  EXPECT_EQ(rates[0].rude, rates[1].rude);
  EXPECT_EQ(rates[0].grammatical, rates[1].grammatical);
  EXPECT_NEAR(rates[0].perplexity, rates[1].perplexity, 1e-6);
  EXPECT_GT(rates[0].grammatical, 15);
  EXPECT_LT(rates[0].perplexity, 4);
}

}  // namespace
}  // namespace lineas
