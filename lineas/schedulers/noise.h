// The noise of pictures, as torch's generator on the CPU draws it, so that
// pictures match other programs seed for seed. Draws are known by number: any
// of them can be asked for again, in any order.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "lineas/tensor/tensor.h"

namespace lineas {

struct NoiseOptions {
  /// float16, bfloat16 and float64 give other numbers, not rounded ones:
  /// diffusers draws in the dtype of the prompt embeddings.
  at::ScalarType dtype = at::kFloat;
  /// One generator draws for all pictures in one go; else one a picture.
  bool one_generator = false;
};

/// A generator remembers 5 kB a draw and picture, not the numbers. Safe to
/// share between threads.
class PictureNoise {
 public:
  /// `shape` is that of one picture's latents as they are drawn ([C, h, w]; of
  /// FLUX before packing). One seed a picture, or one in all where there is one
  /// generator. Seeds count by their low 32 bits. Throws usage.
  PictureNoise(std::vector<uint64_t> seeds,
               std::vector<int64_t> shape,
               int64_t pictures,
               const NoiseOptions& options = {});

  /// Standard normal [pictures.size(), ...shape] of the draw of that number.
  /// Where the start is drawn it is number 0, and the noise of the steps
  /// follows (Scheduler::noises_before); where it is given they begin at 0.
  Tensor draw(std::span<const int64_t> pictures, int64_t number);

 private:
  const Tensor& state_before(int64_t generator, int64_t number);
  Tensor draw_from(int64_t generator, int64_t number);

  std::vector<uint64_t> seeds_;
  std::vector<int64_t> drawn_shape_;
  int64_t pictures_;
  NoiseOptions options_;
  std::mutex mutex_;
  std::vector<std::vector<Tensor>> states_;  // [generator][number of the draw]
};

}  // namespace lineas
