#include "bench/shape.h"

#include "lineas/base/seed.h"

namespace lineas::bench {

std::vector<int64_t> source_lengths() {
  return {17, 47, 18, 46, 19, 45, 20, 44, 21, 43, 22, 42, 23, 41, 24, 40,
          25, 39, 26, 38, 27, 37, 29, 36, 30, 35, 31, 34, 32, 33, 46, 47};
}

std::vector<std::vector<int64_t>> random_prompts(
    const std::vector<int64_t>& lengths, int64_t vocabulary, uint64_t seed) {
  Random random(seed);
  std::vector<std::vector<int64_t>> prompts;
  for (int64_t length : lengths) {
    prompts.emplace_back();
    for (int64_t t = 0; t < length; ++t)
      prompts.back().push_back(static_cast<int64_t>(random.below(vocabulary)));
  }
  return prompts;
}

}  // namespace lineas::bench
