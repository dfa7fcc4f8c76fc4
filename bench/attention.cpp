// attend() against attention that holds all scores, as plain ATen operations
// make it: a learning step's rows, a long prompt, one more token; and the
// memory that a long prompt's gradients take. attention prints one JSON line:
// the plain one's time over attend()'s, and peak memory over that of the
// scores.
#include "lineas/kernels/attention.h"

#include <iostream>

#include "bench/shape.h"
#include "bench/timing.h"
#include "lineas/base/json.h"
#include "lineas/base/memory.h"

namespace lineas::bench {
namespace {

constexpr int kTurns = 7;

struct Inputs {
  Tensor q_BTHd, k_BLKd, v_BLKd;
  AttentionOptions options;
};

Inputs random_inputs(int64_t rows, int64_t queries, int64_t keys) {
  const Shape shape;
  const auto random = [&](int64_t tokens, int64_t heads) {
    return at::randn({rows, tokens, heads, shape.head_width});
  };
  Inputs in{random(queries, shape.heads),
            random(keys, shape.kv_heads),
            random(keys, shape.kv_heads),
            {.scale = 0.125, .causal = queries > 1}};
  return in;
}

Tensor plain(const Inputs& in) {
  const int64_t T = in.q_BTHd.size(1), B = in.k_BLKd.size(0);
  const int64_t L = in.k_BLKd.size(1), K = in.k_BLKd.size(2);
  const int64_t d = in.q_BTHd.size(3), G = in.q_BTHd.size(2) / K;
  const Tensor q = (in.q_BTHd * in.options.scale)
                       .view({B, T, K, G, d})
                       .permute({0, 2, 3, 1, 4})
                       .reshape({B * K, G * T, d});
  const Tensor k = in.k_BLKd.transpose(1, 2).reshape({B * K, L, d});
  const Tensor v = in.v_BLKd.transpose(1, 2).reshape({B * K, L, d});
  Tensor scores = at::bmm(q, k.transpose(1, 2)).view({B, K, G, T, L});
  if (in.options.causal) scores = scores + at::full({T, L}, -INFINITY).triu(1);
  const Tensor weights = at::softmax(scores, -1).view({B * K, G * T, L});
  return at::bmm(weights, v)
      .view({B, K, G, T, d})
      .permute({0, 3, 1, 2, 4})
      .reshape(in.q_BTHd.sizes());
}

Tensor ours(const Inputs& in) {
  return attend(in.q_BTHd, in.k_BLKd, in.v_BLKd, in.options);
}

template <typename Attention>
double seconds_forward(const Inputs& in, Attention attention) {
  const c10::NoGradGuard no_gradients;
  return seconds_of([&] { attention(in); });
}

template <typename Attention>
double seconds_with_gradients(Inputs in, Attention attention) {
  for (Tensor* x : {&in.q_BTHd, &in.k_BLKd, &in.v_BLKd})
    *x = x->detach().requires_grad_(true);
  return seconds_of([&] { attention(in).sum().backward(); });
}

void compare(Json& figures, const std::string& name, const Inputs& in) {
  std::vector<double> forward, both;
  for (int i = 0; i < kTurns; ++i) {
    forward.push_back(seconds_forward(in, plain) / seconds_forward(in, ours));
    both.push_back(seconds_with_gradients(in, plain) /
                   seconds_with_gradients(in, ours));
  }
  figures[name + "_forward"] = median(forward);
  figures[name + "_with_gradients"] = median(both);
}

// Before anything plain has run: peaks only rise.
double memory_over_scores(const Inputs& in) {
  const int64_t before = peak_resident_bytes();
  seconds_with_gradients(in, ours);
  const int64_t scores =
      in.q_BTHd.size(2) * in.q_BTHd.size(1) * in.k_BLKd.size(1) * 4;
  return static_cast<double>(peak_resident_bytes() - before) /
         static_cast<double>(scores);
}

}  // namespace
}  // namespace lineas::bench

int main() {
  using namespace lineas;
  keep_freed_memory();
  Json figures;
  const auto long_prompt = bench::random_inputs(1, 2048, 2048);
  figures["memory_over_scores"] = bench::memory_over_scores(long_prompt);
  bench::compare(figures, "rows", bench::random_inputs(32, 33, 33));
  bench::compare(figures, "long", long_prompt);
  bench::compare(figures, "one_token", bench::random_inputs(1, 1, 512));
  std::cout << figures.dump() << std::endl;
}
