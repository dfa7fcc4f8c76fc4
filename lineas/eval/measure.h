// Everything that is measured of maps on the bundled model, at each of several
// strengths: what the oracle reads in continuations, perplexity of held-out
// text, multiple choice, and matching of held-out prompts. What the experiments
// of docs/results and `lineas demo` call. Knows no learning method.
#pragma once

#include <optional>

#include "lineas/base/json.h"
#include "lineas/eval/concept.h"
#include "lineas/eval/matching.h"

namespace lineas {

struct MeasureOptions {
  CountOptions count;
  /// Held-out text; texts that show one of the concepts are passed over.
  PromptSet neutral;
  /// Multiple-choice questions asked, of eval/choices.jsonl.
  int64_t questions = 0;
  /// Held-out prompts to match; empty: that is not measured.
  PromptSet held_source, held_target;
  std::string match = ".*norm.*";
};

/// Of held-out prompts: see HeldOutMatching.
struct MatchingFigures {
  double loss = 0, without = 0, floor = 0, remaining = 0;
};

/// What one strength does.
struct Measured {
  double strength = 0;
  ConceptCounts counts;
  double perplexity = 0;  // of the neutral text, per token
  Share choices;          // right of asked
  std::optional<MatchingFigures> matching;
};

/// exp of the mean negative log-probability a token of all texts together.
double corpus_perplexity(const Engine& engine,
                         const std::vector<Steering>& steerings,
                         const std::vector<std::vector<int64_t>>& texts);

/// The maps with every strength multiplied.
std::vector<Steering> scaled(std::vector<Steering> steerings, double factor);

/// Measures maps (none: the untouched model) on a bundled model, whose folder
/// has world.json and eval/.
std::vector<Measured> measure_concept(const Engine& engine,
                                      const std::vector<Steering>& steerings,
                                      const MeasureOptions& options);

/// Matching of held-out prompts alone, at each strength: all that can be
/// measured of a model without an oracle.
std::vector<MatchingFigures> measure_matching(
    const Engine& engine,
    const std::vector<Steering>& steerings,
    const HeldOutMatching& matching,
    const std::vector<double>& strengths);

Json to_json(const MatchingFigures& figures);
/// One strength as a JSON object; docs/formats.md has the keys.
Json to_json(const Measured& measured, const std::vector<Concept>& concepts);

}  // namespace lineas
