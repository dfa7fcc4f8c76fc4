// What the oracle counts in the continuations of a steered bundled model:
// concepts (a value of one of the world's labels), one by one and jointly, and
// whether the texts still are texts of that world. Every opening is continued
// at every strength, in one batch, with the same random numbers. Knows maps and
// an engine, no learning method.
#pragma once

#include <string>
#include <vector>

#include "lineas/engine/engine.h"
#include "lineas/eval/oracle.h"

namespace lineas {

/// A value of a label, such as tone=rude or topic=sea.
struct Concept {
  std::string label;
  std::string value;
  std::string name() const { return label + "=" + value; }
};

/// Reads LABEL=VALUE. Throws usage, with what there is, for a label or value
/// that the world does not have.
Concept parse_concept(const std::string& text, const World& world);

/// True where the oracle gives a text the concept's value.
bool shows(const Reading& reading, const Concept& wanted);

/// A part of a whole, and how sure it is.
struct Share {
  int64_t part = 0;
  int64_t whole = 0;
  double value() const;
  /// Standard error (binomial).
  double error() const;
};

/// The continuations at one strength. A text is either stray (a sentence is
/// outside the grammar), empty (none is, but not one is complete) or
/// grammatical.
struct ConceptCounts {
  int64_t texts = 0;
  int64_t stray = 0;
  int64_t empty = 0;
  int64_t sentences = 0;       // complete ones, of all texts
  std::vector<int64_t> shown;  // texts that show a concept, by concept
  int64_t all = 0;             // texts that show every concept
  int64_t none = 0;            // texts that show none of them
  int64_t grammatical_all = 0, grammatical_none = 0;

  int64_t grammatical() const { return texts - stray - empty; }
  /// Counts one more text.
  void add(const Reading& reading, const std::vector<Concept>& concepts);
};

struct CountOptions {
  std::vector<Concept> concepts;
  /// Multiply the strength of every map.
  std::vector<double> strengths = {0, 1};
  PromptSet openings;
  int64_t new_tokens = 64;
  uint64_t seed = 0;
};

/// The world of a bundled model's folder.
World world_of(const Engine& engine);

/// Continues the openings at every strength (temperature 1) and counts:
/// [strength].
std::vector<ConceptCounts> count_concepts(
    const Engine& engine,
    const std::vector<Steering>& steerings,
    const CountOptions& options);

}  // namespace lineas
