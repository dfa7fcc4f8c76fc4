#include "lineas/schedulers/noise.h"

#include <ATen/CPUGeneratorImpl.h>

#include "lineas/base/error.h"

namespace lineas {
namespace {

Tensor draw_normal(at::Generator& generator,
                   const std::vector<int64_t>& shape,
                   at::ScalarType dtype) {
  return at::randn(
      shape, generator, at::TensorOptions().dtype(dtype).device(at::kCPU));
}

}  // namespace

PictureNoise::PictureNoise(std::vector<uint64_t> seeds,
                           std::vector<int64_t> shape,
                           int64_t pictures,
                           const NoiseOptions& options)
    : seeds_(std::move(seeds)), pictures_(pictures), options_(options) {
  const int64_t generators = options.one_generator ? 1 : pictures;
  if (pictures < 1 || std::ssize(seeds_) != generators)
    fail(ErrorKind::usage,
         "noise: {} seeds for {} pictures{}",
         seeds_.size(),
         pictures,
         options.one_generator ? " of one generator" : "");
  for (const int64_t size : shape)
    if (size < 1)
      fail(ErrorKind::usage, "noise: a shape of {}", to_string(shape));
  drawn_shape_ = {options.one_generator ? pictures : 1};
  drawn_shape_.insert(drawn_shape_.end(), shape.begin(), shape.end());
  states_.resize(generators);
}

const Tensor& PictureNoise::state_before(int64_t generator, int64_t number) {
  std::vector<Tensor>& states = states_[generator];
  if (states.empty())
    states.push_back(
        at::detail::createCPUGenerator(seeds_[generator]).get_state());
  while (std::ssize(states) <= number) {
    at::Generator running = at::detail::createCPUGenerator();
    running.set_state(states.back());
    draw_normal(running, drawn_shape_, options_.dtype);
    states.push_back(running.get_state());
  }
  return states[number];
}

Tensor PictureNoise::draw_from(int64_t generator, int64_t number) {
  at::Generator running = at::detail::createCPUGenerator();
  running.set_state(state_before(generator, number));
  const Tensor drawn = draw_normal(running, drawn_shape_, options_.dtype);
  // What comes next is known now.
  std::vector<Tensor>& states = states_[generator];
  if (std::ssize(states) == number + 1) states.push_back(running.get_state());
  return drawn;
}

Tensor PictureNoise::draw(std::span<const int64_t> pictures, int64_t number) {
  if (number < 0 || pictures.empty())
    fail(ErrorKind::usage,
         "noise: draw {} for {} pictures",
         number,
         pictures.size());
  for (const int64_t picture : pictures)
    if (picture < 0 || picture >= pictures_)
      fail(ErrorKind::usage, "noise: picture {} of {}", picture, pictures_);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (options_.one_generator)
    return draw_from(0, number).index_select(
        0, at::tensor(at::IntArrayRef(pictures.data(), pictures.size())));
  std::vector<Tensor> rows;
  for (const int64_t picture : pictures)
    rows.push_back(draw_from(picture, number));
  return at::cat(rows);
}

}  // namespace lineas
