// A program outside the tree, built against an installed lineas: opens a model,
// counts its sites and scores a sentence. Its argument is a Hugging Face
// folder; without one it takes the bundled model of the installation.
#include <fmt/format.h>

#include "lineas/base/error.h"
#include "lineas/engine/engine.h"
#include "lineas/generate/score.h"

int main(int argc, char** argv) try {
  const lineas::Engine engine(argc > 1 ? argv[1]
                                       : OUTSIDE_BUNDLED_DIR "/tinytown");
  const auto rows = engine.encode(
      lineas::PromptSet{.texts = {"Jonas went to the pond with Mira."},
                        .ids = {},
                        .name = "one sentence"});
  const lineas::TextScore score = lineas::score_text(engine.model(), rows)[0];
  fmt::print("{}: {} sites, perplexity {:.2f} over {} tokens\n",
             engine.id(),
             engine.model().sites().size(),
             score.perplexity(),
             score.tokens);
  return 0;
} catch (const lineas::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return lineas::exit_code(error.kind());
}
