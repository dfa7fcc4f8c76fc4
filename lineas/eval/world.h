// The closed world of the bundled model, read from its world.json: labels,
// names, rules and facts. The Python generator draws texts from the same file.
// Knows nothing of models, tokens or tensors, and judges no text: oracle.h
// does that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lineas {

/// One stretch of a rule's alternative: fixed text, or a slot to be filled.
struct WorldPart {
  enum class Kind { text, rule, name_x, name_y };
  Kind kind = Kind::text;
  std::string text;  // the fixed text; the slot's name otherwise
  int rule = -1;     // index into World::rules
};

/// One way to expand a rule, and the label value that it shows, if any.
struct WorldAlternative {
  std::vector<WorldPart> parts;
  int label = -1;  // index into World::labels, -1: shows nothing
  int value = -1;  // index into that label's values
};

struct WorldRule {
  std::string name;
  std::vector<WorldAlternative> alternatives;
};

/// A labelled attribute: tone, topic, mood, truth. Its values are in the order
/// of the alphabet.
struct WorldLabel {
  std::string name;
  std::vector<std::string> values;
};

/// A multiple-choice question about one fact.
struct WorldQuestion {
  std::string ask;                  // "What colour is the mill?"
  std::string answer;               // "red"
  std::vector<std::string> values;  // all that may be offered
};

struct World {
  std::vector<WorldLabel> labels;
  std::vector<std::string> names;
  std::vector<WorldRule> rules;
  std::vector<int> units;  // rules that are whole sentences or lines
  std::vector<WorldQuestion> questions;
  std::vector<std::string> letters;  // of a question's choices: A, B, C, D

  /// The index of a label by name. Throws not_found.
  int label(std::string_view name) const;
};

/// Reads a world from JSON text. `where` starts every message. Throws format
/// for anything a reader could trip over: unknown slots and labels, missing
/// lists, rules that contain themselves, facts outside their values.
World parse_world(std::string_view json, std::string_view where);

/// Reads world.json. Throws not_found or format.
World load_world(const std::string& path);

}  // namespace lineas
