// Whether a map carries over to prompts it was not learned on: held_out MODEL
// SOURCE TARGET learns from the first half of both lists and prints the
// matching loss of the second half as one JSON line, with the map, without it,
// and between two halves of the held-out target prompts themselves.
#include <iostream>

#include "lineas/base/error.h"
#include "lineas/base/memory.h"
#include "lineas/engine/learn_maps.h"
#include "lineas/eval/matching.h"

namespace lineas::bench {
namespace {

PromptSet part(const PromptSet& all, size_t begin, size_t end) {
  PromptSet some{.name = all.name};
  some.texts.assign(all.texts.begin() + begin, all.texts.begin() + end);
  return some;
}

Json measure(const std::string& model,
             const std::string& source_file,
             const std::string& target_file) {
  const Engine engine(model, {.device = "cpu"});
  const SiteTable& table = engine.model().sites();
  const std::string sites = default_sites(table);
  const PromptSet source = read_prompts(source_file);
  const PromptSet target = read_prompts(target_file);
  const size_t half = source.size() / 2, quarter = half / 2;
  LearnRequest request;
  request.source = part(source, 0, half);
  request.target = part(target, 0, half);
  TerminalProgress progress;
  const MapSet set = learn_maps(engine, request, progress);
  SteerTap tap(table, {{set}});
  const PromptSet held_source = part(source, half, source.size());
  const auto goal = [&](size_t begin, size_t end) {
    return pooled_responses(engine, part(target, begin, end), sites);
  };
  const auto all = goal(half, target.size());
  const double with =
      matching_loss(pooled_responses(engine, held_source, sites, &tap), all);
  const double without =
      matching_loss(pooled_responses(engine, held_source, sites), all);
  const double floor = matching_loss(goal(half, half + quarter),
                                     goal(half + quarter, target.size()));
  return {{"with_map", with},
          {"without_map", without},
          {"floor", floor},
          {"remaining_share", (with - floor) / (without - floor)}};
}

}  // namespace
}  // namespace lineas::bench

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::cerr << "held_out MODEL SOURCE TARGET\n";
    return 2;
  }
  lineas::keep_freed_memory();
  std::cout << lineas::bench::measure(argv[1], argv[2], argv[3]).dump()
            << std::endl;
} catch (const lineas::Error& error) {
  std::cerr << error.what() << '\n';
  return lineas::exit_code(error.kind());
}
