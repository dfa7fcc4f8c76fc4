// How fast tokens are made, with and without an active map, against what the
// memory can deliver: decode MODEL [TOKENS] prints one JSON line.
#include <ATen/Parallel.h>

#include <iostream>

#include "bench/timing.h"
#include "lineas/base/error.h"
#include "lineas/base/memory.h"
#include "lineas/engine/engine.h"
#include "lineas/engine/learn_maps.h"
#include "lineas/generate/text_loop.h"

namespace lineas::bench {
namespace {

constexpr int kRounds = 7;
constexpr int64_t kPromptTokens = 16;

// Bytes a second that all threads together read, each its own part: the sum of
// a buffer far larger than any cache.
double read_bandwidth() {
  const Tensor buffer = at::ones({int64_t{1} << 27}, at::kFloat);
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i)
    times.push_back(seconds_of([&] { buffer.sum().item<float>(); }));
  return static_cast<double>(buffer.nbytes()) / median(times);
}

// A map that moves every neuron of the default sites a little.
MapSet small_map(const SiteTable& sites) {
  MapSet set;
  for (SiteIndex site : sites.match(default_sites(sites))) {
    AffineMap map = AffineMap::identity(sites[site].width);
    map.scale_D += 0.001;
    map.shift_D += 0.001;
    set.maps.add(sites[site].name, map);
  }
  return set;
}

// Seconds a token: of the second half of the tokens, so that the prefill and
// the first touch of the weights are left out.
double seconds_a_token(const Engine& engine, Tap* tap, int64_t tokens) {
  std::vector<int64_t> prompt;
  for (int64_t i = 0; i < kPromptTokens; ++i) prompt.push_back(5 + i);
  std::vector<std::chrono::steady_clock::time_point> at;
  TextLoopOptions options{.max_new_tokens = tokens, .tap = tap};
  options.on_token = [&at](int64_t, int64_t) {
    at.push_back(std::chrono::steady_clock::now());
  };
  continue_text(engine.model(), {{prompt, 1}}, options);
  const size_t half = at.size() / 2;
  const std::chrono::duration<double> spent = at.back() - at[half];
  return spent.count() / static_cast<double>(at.size() - 1 - half);
}

Json measure(const std::string& model, int64_t tokens) {
  const Engine engine(model, {.device = "cpu"});
  SteerTap tap(engine.model().sites(), {{small_map(engine.model().sites())}});
  seconds_a_token(engine, nullptr, tokens);
  std::vector<double> plain, ratios, bandwidths;
  for (int i = 0; i < kRounds; ++i) {
    plain.push_back(seconds_a_token(engine, nullptr, tokens));
    ratios.push_back(seconds_a_token(engine, &tap, tokens) / plain.back());
    bandwidths.push_back(read_bandwidth());
  }
  const double token = median(plain), bandwidth = median(bandwidths);
  const auto bytes = static_cast<double>(engine.model().weight_bytes());
  const auto table = static_cast<double>(
      engine.model().info().vocabulary * engine.model().info().width *
      static_cast<int64_t>(c10::elementSize(engine.model().dtype())));
  // One row of an untied embedding table is read, not all of it.
  const double read = engine.model().info().tied_head ? bytes : bytes - table;
  return {{"tokens_per_second", 1 / token},
          {"weight_bytes_per_token", read},
          {"read_bandwidth", bandwidth},
          {"share_of_bandwidth", read / token / bandwidth},
          {"map_ratio", median(ratios)}};
}

}  // namespace
}  // namespace lineas::bench

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "decode MODEL [TOKENS]\n";
    return 2;
  }
  lineas::keep_freed_memory();
  const int64_t tokens = argc > 2 ? std::stol(argv[2]) : 24;
  std::cout << lineas::bench::measure(argv[1], tokens).dump() << std::endl;
} catch (const lineas::Error& error) {
  std::cerr << error.what() << '\n';
  return lineas::exit_code(error.kind());
}
