// Whether steering the tone worked on the bundled model: continues neutral
// openings at several strengths, lets the oracle read them, and scores neutral
// held-out text. What `lineas demo` shows and `make bench` counts; measure.h
// does the same for any concept.
#pragma once

#include "lineas/eval/measure.h"

namespace lineas {

/// What the oracle says of the continuations at one strength (see
/// ConceptCounts).
struct ToneRate {
  double strength = 0;
  int64_t texts = 0;
  int64_t rude = 0;
  int64_t grammatical = 0;
  double perplexity = 0;  // of the neutral held-out text, per token

  double rude_share() const { return Share{rude, texts}.value(); }
  double grammatical_share() const { return Share{grammatical, texts}.value(); }
  /// Standard error of rude_share (binomial).
  double rude_error() const { return Share{rude, texts}.error(); }
};

struct ToneOptions {
  std::vector<double> strengths = {0, 0.25, 0.5, 0.75, 1};
  int64_t openings = 500;     // at most; of eval/openings.txt
  int64_t neutral_texts = 0;  // at most, of eval/neutral.txt; 0: all
  int64_t new_tokens = 64;
  uint64_t seed = 0;
};

/// Measures `set` on a bundled model (its folder has world.json and eval/).
std::vector<ToneRate> measure_tone(const Engine& engine,
                                   const MapSet& set,
                                   const ToneOptions& options = {});

}  // namespace lineas
