// What a map does to the bundled model, read by the oracle: tone MAP [OPENINGS]
// prints one JSON line a strength.
#include "lineas/eval/tone.h"

#include <iostream>

#include "lineas/base/error.h"
#include "lineas/base/memory.h"

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "tone MAP [OPENINGS]\n";
    return 2;
  }
  lineas::keep_freed_memory();
  const lineas::Engine engine("tinytown", {.device = "cpu"});
  lineas::ToneOptions options;
  if (argc > 2) options.openings = std::stol(argv[2]);
  const lineas::MapSet set = lineas::read_map_set(argv[1]);
  for (const lineas::ToneRate& rate :
       lineas::measure_tone(engine, set, options))
    std::cout << lineas::Json{{"strength", rate.strength},
                              {"texts", rate.texts},
                              {"rude", rate.rude_share()},
                              {"rude_error", rate.rude_error()},
                              {"grammatical", rate.grammatical_share()},
                              {"perplexity", rate.perplexity}}
                     .dump()
              << std::endl;
} catch (const lineas::Error& error) {
  std::cerr << error.what() << '\n';
  return lineas::exit_code(error.kind());
}
