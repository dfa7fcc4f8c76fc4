// The model and the prompts of the speed figures, said once: what the model
// maker writes, what the floor computes by hand, and what `learn` is given.
#pragma once

#include <cstdint>
#include <vector>

namespace lineas::bench {

/// A random Qwen2 with the blocks of Qwen2.5-0.5B, half as deep.
struct Shape {
  int64_t width = 896;
  int64_t layers = 12;
  int64_t heads = 14;
  int64_t kv_heads = 2;
  int64_t head_width = 64;
  int64_t inner = 4864;
  int64_t vocabulary = 32000;
  double eps = 1e-6;
  double theta = 1e6;
};

/// Lengths of the 32 source prompts: 17 to 47 tokens, 1057 in all.
std::vector<int64_t> source_lengths();
/// Token ids of prompts of these lengths, the same for the same `seed`.
std::vector<std::vector<int64_t>> random_prompts(
    const std::vector<int64_t>& lengths, int64_t vocabulary, uint64_t seed);

}  // namespace lineas::bench
