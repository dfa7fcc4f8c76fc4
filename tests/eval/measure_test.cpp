// All measures together: rows in the order of the strengths, the parts that
// were asked for, and a shift of the head that shows in every figure.
#include "lineas/eval/measure.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

const Engine& engine() {
  static const Engine instance("tinytown", {.device = "cpu"});
  return instance;
}

PromptSet some(const std::string& spec, size_t count) {
  PromptSet prompts = read_prompts(engine().folder() + "/eval/" + spec);
  prompts.texts.resize(count);
  return prompts;
}

MeasureOptions small_request() {
  return {.count = {.concepts = {{"topic", "sea"}},
                    .strengths = {0, 1},
                    .openings = some("openings.json#free", 10),
                    .new_tokens = 16},
          .neutral = some("neutral.txt", 12)};
}

// Damps the last norm: the model becomes unsure of everything.
MapSet damping() {
  const SiteTable& sites = engine().model().sites();
  const Site& last = sites[sites.match("model\\.norm")[0]];
  MapSet set;
  set.maps.add(last.name, AffineMap::identity(last.width));
  set.maps[0].second.scale_D.fill_(0.25F);
  return set;
}

TEST(MeasureConcept, ADampedHeadIsUnsureAtStrengthOneOnly) {
  MeasureOptions request = small_request();
  request.questions = 4;
  request.held_source = some("prompts.json#sea", 8);
  request.held_target = some("prompts.json#not_sea", 16);
  const auto rows = measure_concept(engine(), {{damping()}}, request);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].strength, 0);
  EXPECT_EQ(rows[1].strength, 1);
  EXPECT_EQ(rows[1].counts.texts, 10);
  EXPECT_GT(rows[1].perplexity, 2 * rows[0].perplexity);
  EXPECT_GT(rows[1].counts.stray, rows[0].counts.stray);
  EXPECT_EQ(rows[0].choices.whole, 4);
  ASSERT_TRUE(rows[0].matching);
  EXPECT_NEAR(rows[0].matching->remaining, 1, 1e-4);
  EXPECT_NE(rows[0].matching->loss, rows[1].matching->loss);
}

TEST(MeasureConcept, NeutralTextsThatShowTheConceptArePassedOver) {
  MeasureOptions request = small_request();
  request.count.openings = some("openings.txt", 2);
  request.neutral = some("prompts.json#sea", 8);
  const std::string other = "Greta and Simon met at the bakery.";
  request.neutral.texts.push_back(other);
  const auto rows = measure_concept(engine(), {}, request);
  EXPECT_NEAR(rows[0].perplexity,
              corpus_perplexity(engine(), {}, {engine().encode(other)}),
              1e-4);
}

TEST(Scaled, MultipliesEveryStrength) {
  const auto maps = scaled({{damping(), 2}, {damping(), -1}}, 0.5);
  EXPECT_EQ(maps[0].strength, 1);
  EXPECT_EQ(maps[1].strength, -0.5);
}

TEST(Measured, AsJsonHasWhatWasMeasured) {
  Measured row{.strength = 0.5, .perplexity = 2};
  row.counts = {.texts = 10, .stray = 2, .empty = 1, .shown = {4}};
  const std::vector<Concept> concepts = {{"tone", "rude"}};
  const Json bare = to_json(row, concepts);
  EXPECT_EQ(bare["grammatical"], 7);
  EXPECT_EQ(bare["shown"]["tone=rude"], 4);
  EXPECT_FALSE(bare.contains("choices"));
  EXPECT_FALSE(bare.contains("matching"));
  row.choices = {3, 4};
  row.matching = {.loss = 2, .without = 3, .floor = 1, .remaining = 0.5};
  const Json full = to_json(row, concepts);
  EXPECT_EQ(full["choices"]["asked"], 4);
  EXPECT_EQ(full["matching"]["remaining"], 0.5);
}

}  // namespace
}  // namespace lineas
