// From two prompt lists to steered text in one screen: learns a small map on
// the bundled model and continues one prompt at two strengths, in one batch.
#include <fmt/format.h>

#include "lineas/base/error.h"
#include "lineas/engine/learn_maps.h"
#include "lineas/engine/text_run.h"

namespace {

lineas::MapSet learn_rude_to_neutral(const lineas::Engine& engine) {
  const std::string lists = engine.folder() + "/prompts/tone.json";
  lineas::LearnRequest request;
  request.source = lineas::read_prompts(lists + "#rude");
  request.target = lineas::read_prompts(lists + "#neutral");
  request.take = 16;
  request.sites = ".*norm.*";
  request.options = {{"steps", 40}, {"lr", 1e-2}};
  lineas::Progress silent;
  return lineas::learn_maps(engine, request, silent);
}

void print_continuations(const lineas::Engine& engine,
                         const lineas::MapSet& maps,
                         const std::vector<double>& strengths) {
  const std::string prompt = "Greta and Simon met at the bakery.";
  // The same random numbers at every strength: only the maps differ.
  const auto made = lineas::run_text(
      engine,
      {.prompts = {.texts = {prompt}},
       .steerings = {{maps}},
       .strengths = strengths,
       .options = {.max_new_tokens = 48, .sampling = {.temperature = 1}}});
  for (const lineas::MadeText& text : made)
    fmt::print(
        "strength {}: {}{}\n\n", strengths[text.strength], prompt, text.text);
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
