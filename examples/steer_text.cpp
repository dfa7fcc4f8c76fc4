// From two prompt lists to steered text in one screen: learns a small map on
// the bundled model and continues one prompt at two strengths, in one batch.
#include <fmt/format.h>

#include "lineas/base/error.h"
#include "lineas/engine/learn_maps.h"
#include "lineas/generate/text_loop.h"

namespace {

lineas::MapSet learn_rude_to_neutral(const lineas::Engine& engine) {
  const std::string lists = engine.folder() + "/prompts/tone.json";
  lineas::LearnRequest request{
      .source = lineas::read_prompts(lists + "#rude"),
      .target = lineas::read_prompts(lists + "#neutral"),
      .sites = ".*norm.*",
      .take = 16,
      .options = {{"steps", 40}, {"lr", 1e-2}}};
  lineas::Progress silent;
  return lineas::learn_maps(engine, request, silent);
}

void print_continuations(const lineas::Engine& engine,
                         const lineas::MapSet& maps,
                         const std::vector<double>& strengths) {
  const std::string text = "Greta and Simon met at the bakery.";
  const std::vector<int64_t> prompt = engine.encode(text);
  // The same seed in every row: only the strength differs.
  const std::vector<lineas::TextRow> rows(
      strengths.size(), {prompt, lineas::row_seed(0, prompt, 0)});
  lineas::SteerTap tap(engine.model().sites(), {{maps}}, strengths);
  const auto made = lineas::continue_text(engine.model(),
                                          rows,
                                          {.max_new_tokens = 48,
                                           .sampling = {.temperature = 1},
                                           .eos_ids = engine.eos_ids(),
                                           .tap = &tap});
  for (size_t i = 0; i < rows.size(); ++i)
    fmt::print("strength {}: {}{}\n\n",
               strengths[i],
               text,
               engine.decode_continuation(prompt, made[i].ids));
}

}  // namespace

int main() try {
  const lineas::Engine engine("tinytown");
  const lineas::MapSet maps = learn_rude_to_neutral(engine);
  print_continuations(engine, maps, {0, 1});
  return 0;
} catch (const lineas::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return lineas::exit_code(error.kind());
}
