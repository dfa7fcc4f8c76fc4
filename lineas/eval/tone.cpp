#include "lineas/eval/tone.h"

#include <algorithm>
#include <cmath>

#include "lineas/generate/score.h"
#include "lineas/generate/text_loop.h"

namespace lineas {
namespace {

constexpr int64_t kRowsAtOnce = 250;

PromptSet read_list(const Engine& engine, const char* name, int64_t most) {
  PromptSet list =
      read_prompts(fmt::format("{}/eval/{}", engine.folder(), name));
  if (most > 0 && list.size() > static_cast<size_t>(most))
    list.texts.resize(most);
  return list;
}

// Every opening at every strength, as rows of one loop.
void count_tones(const Engine& engine,
                 const MapSet& set,
                 const ToneOptions& options,
                 std::vector<ToneRate>& rates) {
  const PromptSet openings =
      read_list(engine, "openings.txt", options.openings);
  std::vector<TextRow> rows;
  std::vector<double> strengths;
  for (const auto& prompt : engine.encode(openings))
    for (double strength : options.strengths) {
      rows.push_back({prompt, row_seed(options.seed, prompt, 0)});
      strengths.push_back(strength);
    }
  SteerTap tap(engine.model().sites(), {{set}}, strengths);
  const std::vector<Continuation> made =
      continue_text(engine.model(),
                    rows,
                    {.max_new_tokens = options.new_tokens,
                     .sampling = {.temperature = 1},
                     .eos_ids = engine.eos_ids(),
                     .batch = kRowsAtOnce,
                     .tap = &tap});
  const Oracle oracle(load_world(engine.folder() + "/world.json"));
  for (size_t i = 0; i < rows.size(); ++i) {
    ToneRate& rate = rates[i % rates.size()];
    const Reading reading =
        oracle.read(openings.texts[i / rates.size()],
                    engine.decode_continuation(rows[i].prompt, made[i].ids));
    ++rate.texts;
    rate.rude += reading.tone == "rude";
    rate.grammatical += reading.grammatical;
  }
}

double neutral_perplexity(const Engine& engine,
                          const MapSet& set,
                          double strength,
                          const std::vector<std::vector<int64_t>>& texts) {
  SteerTap tap(engine.model().sites(), {{set, strength}});
  double logprob = 0;
  int64_t tokens = 0;
  for (const TextScore& score :
       score_text(engine.model(), texts, {.tap = &tap})) {
    logprob += score.logprob;
    tokens += score.tokens;
  }
  return std::exp(-logprob / static_cast<double>(tokens));
}

double share(int64_t part, int64_t whole) {
  return whole == 0 ? 0
                    : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double ToneRate::rude_share() const {
  return share(rude, texts);
}
double ToneRate::grammatical_share() const {
  return share(grammatical, texts);
}
double ToneRate::rude_error() const {
  const double p = rude_share();
  return texts == 0 ? 0 : std::sqrt(p * (1 - p) / static_cast<double>(texts));
}

std::vector<ToneRate> measure_tone(const Engine& engine,
                                   const MapSet& set,
                                   const ToneOptions& options) {
  std::vector<ToneRate> rates;
  for (double strength : options.strengths) rates.push_back({strength});
  count_tones(engine, set, options, rates);
  const auto texts =
      engine.encode(read_list(engine, "neutral.txt", options.neutral_texts));
  for (ToneRate& rate : rates)
    rate.perplexity = neutral_perplexity(engine, set, rate.strength, texts);
  return rates;
}

}  // namespace lineas
