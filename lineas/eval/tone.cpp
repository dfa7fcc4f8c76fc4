#include "lineas/eval/tone.h"

#include <algorithm>

namespace lineas {
namespace {

PromptSet read_list(const Engine& engine, const char* name, int64_t most) {
  return first_prompts(
      read_prompts(fmt::format("{}/eval/{}", engine.folder(), name)),
      std::max<int64_t>(0, most));
}

}  // namespace

std::vector<ToneRate> measure_tone(const Engine& engine,
                                   const MapSet& set,
                                   const ToneOptions& options) {
  const MeasureOptions all{
      .count = {.concepts = {{"tone", "rude"}},
                .strengths = options.strengths,
                .openings = read_list(engine, "openings.txt", options.openings),
                .new_tokens = options.new_tokens,
                .seed = options.seed},
      .neutral = read_list(engine, "neutral.txt", options.neutral_texts)};
  std::vector<ToneRate> rates;
  for (const Measured& row : measure_concept(engine, {{set}}, all))
    rates.push_back({.strength = row.strength,
                     .texts = row.counts.texts,
                     .rude = row.counts.shown[0],
                     .grammatical = row.counts.grammatical(),
                     .perplexity = row.perplexity});
  return rates;
}

}  // namespace lineas
