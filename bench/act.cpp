// What incremental fitting costs in passes: act FOLDER PAIRS times a recording
// of all prompts at the default sites, and incremental linear-act there,
// undivided and in micro-batches of 8, in turns. Prints one JSON line: seconds,
// and the medians of the turns' ratios.
#include <iostream>
#include <numeric>

#include "bench/timing.h"
#include "lineas/base/error.h"
#include "lineas/base/memory.h"
#include "lineas/engine/learn_maps.h"
#include "lineas/generate/text_drive.h"
#include "lineas/learn/methods.h"
#include "lineas/tap/recorder.h"

namespace lineas::bench {
namespace {

constexpr int64_t kMicroBatch = 8;

std::vector<int64_t> rows_from(int64_t first, size_t count) {
  std::vector<int64_t> rows(count);
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

Json measure(const std::string& folder, int pairs) {
  const Engine engine(folder, {.device = "cpu"});
  auto prompts = engine.encode(read_prompts(folder + "/source.jsonl"));
  const size_t n = prompts.size();
  for (auto& ids : engine.encode(read_prompts(folder + "/target.jsonl")))
    prompts.push_back(std::move(ids));
  const size_t all = prompts.size();
  TextDrive drive(engine.model(), std::move(prompts));
  const auto sites = drive.places(default_sites(drive.sites()));
  const Problem problem{.drive = drive,
                        .source_rows = rows_from(0, n),
                        .target_rows = rows_from(n, all - n),
                        .map_places = sites,
                        .match_places = sites};
  const auto learn = [&](int64_t micro_batch) {
    return seconds_of([&] {
      Progress silent;
      make_learner("linear-act", {{"micro-batch", micro_batch}})
          ->learn(problem, silent);
    });
  };
  const auto pass = [&] {
    return seconds_of([&] { record(drive, rows_from(0, all), sites); });
  };
  pass();  // the weights are read from the file once
  std::vector<double> passes, whole, pieces;
  for (int pair = 0; pair < pairs; ++pair) {
    passes.push_back(pass());
    whole.push_back(learn(0) / passes.back());
    pieces.push_back(learn(kMicroBatch) / passes.back());
  }
  return {{"prompts", all},
          {"sites", sites.size()},
          {"pass_seconds", median(passes)},
          {"undivided_passes", median(whole)},
          {"micro_batch_8_passes", median(pieces)},
          {"peak_resident_bytes", peak_resident_bytes()}};
}

}  // namespace
}  // namespace lineas::bench

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::cerr << "act FOLDER PAIRS\n";
    return 2;
  }
  lineas::keep_freed_memory();
  std::cout << lineas::bench::measure(argv[1], std::stoi(argv[2])).dump()
            << std::endl;
} catch (const lineas::Error& error) {
  std::cerr << error.what() << '\n';
  return lineas::exit_code(error.kind());
}
