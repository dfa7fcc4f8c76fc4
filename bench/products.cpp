// The matrix products of a learning step, as linear() makes them, against
// at::mm: forward, and backward to the input, at the benchmark's token counts.
// products prints one JSON line of ratios (at::mm's time over linear's).
#include <iostream>

#include "bench/shape.h"
#include "bench/timing.h"
#include "lineas/base/json.h"
#include "lineas/base/memory.h"
#include "lineas/kernels/product.h"

namespace lineas::bench {
namespace {

constexpr int kTurns = 15;

struct Pair {
  double forward, backward;
};

// Weights of several layers take turns, so that none stays in the cache.
Pair compare(int64_t rows, int64_t in, int64_t out) {
  std::vector<Tensor> weights;
  for (int i = 0; i < 8; ++i) weights.push_back(at::randn({out, in}));
  Tensor x_SI = at::randn({rows, in});
  x_SI.requires_grad_(true);
  const Tensor dy_SO = at::randn({rows, out});
  std::vector<double> forward, backward;
  for (int i = 0; i < kTurns; ++i) {
    const Tensor& w = weights[i % weights.size()];
    Tensor y_SO, plain_SO;
    const double ours = seconds_of([&] { y_SO = linear(x_SI, w, Tensor()); });
    const double plain = seconds_of([&] { plain_SO = at::mm(x_SI, w.t()); });
    forward.push_back(plain / ours);
    const double ours_back = seconds_of([&] { y_SO.backward(dy_SO); });
    const double plain_back = seconds_of([&] { plain_SO.backward(dy_SO); });
    backward.push_back(plain_back / ours_back);
  }
  return {median(forward), median(backward)};
}

}  // namespace
}  // namespace lineas::bench

int main() {
  using namespace lineas;
  keep_freed_memory();
  const bench::Shape shape;
  Json figures;
  for (int64_t rows : {1057, 132}) {
    const auto up = bench::compare(rows, shape.width, shape.inner);
    const auto down = bench::compare(rows, shape.inner, shape.width);
    figures[fmt::format("forward_{}", rows)] = (up.forward + down.forward) / 2;
    figures[fmt::format("backward_{}", rows)] =
        (up.backward + down.backward) / 2;
  }
  std::cout << figures.dump() << std::endl;
}
