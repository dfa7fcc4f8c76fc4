#include "lineas/eval/concept.h"

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"
#include "lineas/engine/text_run.h"

namespace lineas {
namespace {

constexpr int64_t kRowsAtOnce = 250;

const std::string& value_in(const Reading& reading, const std::string& label) {
  if (label == "tone") return reading.tone;
  if (label == "topic") return reading.topic;
  return label == "mood" ? reading.mood : reading.truth;
}

}  // namespace

Concept parse_concept(const std::string& text, const World& world) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  std::vector<std::string> names;
  for (const WorldLabel& label : world.labels) {
    names.push_back(label.name);
    if (label.name != name || equals == std::string::npos) continue;
    const std::string value = text.substr(equals + 1);
    if (std::find(label.values.begin(), label.values.end(), value) !=
        label.values.end())
      return {name, value};
    fail(ErrorKind::usage,
         "concept \"{}\": the values of {} are {}",
         text,
         name,
         fmt::join(label.values, ", "));
  }
  fail(ErrorKind::usage,
       "concept \"{}\": give LABEL=VALUE; the labels are {}",
       text,
       fmt::join(names, ", "));
}

bool shows(const Reading& reading, const Concept& wanted) {
  return value_in(reading, wanted.label) == wanted.value;
}

double Share::value() const {
  return whole == 0 ? 0
                    : static_cast<double>(part) / static_cast<double>(whole);
}

double Share::error() const {
  const double p = value();
  return whole == 0 ? 0 : std::sqrt(p * (1 - p) / static_cast<double>(whole));
}

void ConceptCounts::add(const Reading& reading,
                        const std::vector<Concept>& concepts) {
  shown.resize(concepts.size());
  size_t found = 0;
  for (size_t i = 0; i < concepts.size(); ++i) {
    const bool has = shows(reading, concepts[i]);
    shown[i] += has;
    found += has;
  }
  const bool is_empty = reading.grammatical && reading.sentences == 0;
  const bool is_grammatical = reading.grammatical && !is_empty;
  ++texts;
  stray += !reading.grammatical;
  empty += is_empty;
  sentences += reading.sentences;
  all += found == concepts.size();
  none += found == 0;
  grammatical_all += is_grammatical && found == concepts.size();
  grammatical_none += is_grammatical && found == 0;
}

World world_of(const Engine& engine) {
  return load_world(engine.folder() + "/world.json");
}

std::vector<ConceptCounts> count_concepts(
    const Engine& engine,
    const std::vector<Steering>& steerings,
    const CountOptions& options) {
  if (options.openings.has_ids())
    fail(ErrorKind::usage,
         "{}: openings must be texts, for the oracle to read",
         options.openings.name);
  const std::vector<MadeText> made =
      run_text(engine,
               {.prompts = options.openings,
                .steerings = steerings,
                .strengths = options.strengths,
                .seed = options.seed,
                .options = {.max_new_tokens = options.new_tokens,
                            .sampling = {.temperature = 1}},
                .batch = kRowsAtOnce});
  check_none_failed(made);
  const Oracle oracle(world_of(engine));
  std::vector<ConceptCounts> counts(options.strengths.size());
  for (const MadeText& text : made)
    counts[text.strength].add(
        oracle.read(options.openings.texts[text.prompt], text.text),
        options.concepts);
  return counts;
}

}  // namespace lineas
