#include "lineas/eval/measure.h"

#include <algorithm>
#include <utility>

#include "lineas/engine/text_run.h"
#include "lineas/eval/choices.h"
#include "lineas/generate/score.h"

namespace lineas {
namespace {

// The texts that show none of the concepts.
PromptSet without_concepts(const PromptSet& all,
                           const std::vector<Concept>& concepts,
                           const Oracle& oracle) {
  PromptSet kept{.name = all.name};
  for (const std::string& text : all.texts) {
    const Reading reading = oracle.read(text);
    if (std::none_of(concepts.begin(), concepts.end(), [&](const Concept& c) {
          return shows(reading, c);
        }))
      kept.texts.push_back(text);
  }
  return kept;
}

std::vector<ChoiceQuestion> first_questions(const Engine& engine,
                                            int64_t most) {
  if (most == 0) return {};
  auto questions = read_choices(engine.folder() + "/eval/choices.jsonl");
  if (questions.size() > static_cast<size_t>(most)) questions.resize(most);
  return questions;
}

std::optional<HeldOutMatching> open_matching(const Engine& engine,
                                             const MeasureOptions& options) {
  if (options.held_source.size() == 0) return std::nullopt;
  return HeldOutMatching(
      engine, options.held_source, options.held_target, options.match);
}

MatchingFigures figures_at(const Engine& engine,
                           const std::vector<Steering>& maps,
                           const HeldOutMatching& matching) {
  SteerTap tap(engine.model().sites(), maps);
  const double loss = matching.loss(tap);
  return {loss, matching.without(), matching.floor(), matching.remaining(loss)};
}

}  // namespace

double corpus_perplexity(const Engine& engine,
                         const std::vector<Steering>& steerings,
                         const std::vector<std::vector<int64_t>>& texts) {
  const auto tap = make_text_tap(engine, steerings, {}, HeadUse::score);
  TextScore sum;
  for (const TextScore& score :
       score_text(engine.model(), texts, {.tap = tap.get()})) {
    sum.logprob += score.logprob;
    sum.tokens += score.tokens;
  }
  return sum.perplexity();
}

std::vector<Steering> scaled(std::vector<Steering> steerings, double factor) {
  for (Steering& steering : steerings) steering.strength *= factor;
  return steerings;
}

std::vector<Measured> measure_concept(const Engine& engine,
                                      const std::vector<Steering>& steerings,
                                      const MeasureOptions& options) {
  const Oracle oracle(world_of(engine));
  const auto neutral = engine.encode(
      without_concepts(options.neutral, options.count.concepts, oracle));
  const auto questions = first_questions(engine, options.questions);
  const auto matching = open_matching(engine, options);
  auto counts = count_concepts(engine, steerings, options.count);
  std::vector<Measured> all;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double strength = options.count.strengths[i];
    const auto maps = scaled(steerings, strength);
    Measured row{.strength = strength, .counts = std::move(counts[i])};
    row.perplexity = corpus_perplexity(engine, maps, neutral);
    row.choices = {count_right(engine, maps, questions),
                   static_cast<int64_t>(questions.size())};
    if (matching) row.matching = figures_at(engine, maps, *matching);
    all.push_back(std::move(row));
  }
  return all;
}

std::vector<MatchingFigures> measure_matching(
    const Engine& engine,
    const std::vector<Steering>& steerings,
    const HeldOutMatching& matching,
    const std::vector<double>& strengths) {
  std::vector<MatchingFigures> all;
  for (const double strength : strengths)
    all.push_back(figures_at(engine, scaled(steerings, strength), matching));
  return all;
}

Json to_json(const MatchingFigures& figures) {
  return {{"loss", figures.loss},
          {"without", figures.without},
          {"floor", figures.floor},
          {"remaining", figures.remaining}};
}

Json to_json(const Measured& measured, const std::vector<Concept>& concepts) {
  const ConceptCounts& counts = measured.counts;
  Json object = {{"strength", measured.strength},
                 {"texts", counts.texts},
                 {"all", counts.all},
                 {"none", counts.none},
                 {"grammatical", counts.grammatical()},
                 {"grammatical_all", counts.grammatical_all},
                 {"grammatical_none", counts.grammatical_none},
                 {"empty", counts.empty},
                 {"sentences", counts.sentences},
                 {"perplexity", measured.perplexity}};
  for (size_t i = 0; i < concepts.size(); ++i)
    object["shown"][concepts[i].name()] = counts.shown[i];
  if (measured.choices.whole > 0)
    object["choices"] = {{"right", measured.choices.part},
                         {"asked", measured.choices.whole}};
  if (measured.matching) object["matching"] = to_json(*measured.matching);
  return object;
}

}  // namespace lineas
