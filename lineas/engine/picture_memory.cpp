#include "lineas/engine/picture_memory.h"

#include <fmt/format.h>

#include <algorithm>

#include "lineas/learn/map_loss.h"
#include "lineas/tensor/allocated.h"

namespace lineas {
namespace {

constexpr int64_t kSmallest = 8;  // latents a side that every UNet can halve
constexpr double kGiga = 1e9;

// A part of the picture, with sides that the denoiser takes.
PictureSize part_of(const PictureSize& size,
                    int64_t divisor,
                    const PictureModel& model) {
  const int64_t factor = kSmallest * model.networks().vae->info().downscale;
  const auto side = [&](int64_t whole) {
    return std::min(whole, std::max(factor, whole / divisor / factor * factor));
  };
  return {side(size.height), side(size.width)};
}

// The most that one step of learning on so many rows holds at once.
double measure_step(const PictureModel& model,
                    const MemoryQuestion& question,
                    const PictureSize& size,
                    int64_t rows,
                    bool by_layer) {
  // From here on, so that all that is freed below was counted.
  AllocationCount count;
  PictureSettings settings = question.settings;
  settings.size = size;
  PictureRows all{.prompts = {"a", "b"}, .seeds = {0}};
  std::vector<int64_t> sources;
  for (int64_t i = 0; i < rows; ++i) {
    sources.push_back(i);
    all.rows.push_back({0, 0});
  }
  all.rows.push_back({1, 0});
  PictureDrive drive(model,
                     settings,
                     std::move(all),
                     {.calls = question.calls,
                      .cuts_calls = by_layer,
                      .encodes_in_run = question.encodes_in_run});
  const Problem problem{
      .drive = drive,
      .source_rows = sources,
      .target_rows = {rows},
      .map_places = drive.places(question.sites),
      .match_places = drive.places(question.match, /*each_step=*/true),
      .device = model.device()};
  AffineParameters parameters(model.sites(),
                              problem.map_places,
                              at::device(model.device()).dtype(at::kFloat));
  MapLoss loss(problem, parameters, {.response = {.by_segment = by_layer}});
  const int64_t before = count.restart();
  loss.evaluate(sources, 0);
  return static_cast<double>(count.peak() - before);
}

// From (small, 1), (large, 1) and (large, 2).
MemoryLaw measure_law(const PictureModel& model,
                      const MemoryQuestion& question,
                      const PictureSize& small,
                      const PictureSize& large,
                      bool by_layer) {
  const auto step = [&](const PictureSize& size, int64_t rows) {
    return measure_step(model, question, size, rows, by_layer);
  };
  const auto pixels = [](const PictureSize& size) {
    return static_cast<double>(size.height * size.width);
  };
  const double one = step(large, 1);
  const double row = step(large, 2) - one;
  if (small == large) return {.call = one - row, .pixel = row / pixels(large)};
  const double pixel = (one - step(small, 1)) / (pixels(large) - pixels(small));
  return {
      .call = one - row, .row = row - pixel * pixels(large), .pixel = pixel};
}

std::string in_words(double bytes) {
  return bytes < kGiga ? fmt::format("{:.0f} MB", bytes / 1e6)
                       : fmt::format("{:.1f} GB", bytes / kGiga);
}

std::string describe_sizes(const PictureMemory& memory,
                           const PictureSize& size,
                           bool recomputes) {
  std::string text = fmt::format("{} at {}x{}",
                                 in_words(memory.bytes(size, recomputes)),
                                 size.width,
                                 size.height);
  for (const int64_t side : {512, 1024})
    if (size.width < side)
      text += fmt::format(
          ", {} at {}", in_words(memory.bytes({side, side}, recomputes)), side);
  return text;
}

// Rows whose graphs fit together by layers; at least one.
int64_t rows_that_fit(const PictureMemory& memory,
                      const PictureSize& size,
                      int64_t available) {
  const double left = static_cast<double>(available) - memory.by_layer.call;
  const double fitting = left / memory.by_layer.of_row(size);
  return std::max<int64_t>(1, static_cast<int64_t>(fitting));
}

}  // namespace

PictureMemory measure_memory(const PictureModel& model,
                             const MemoryQuestion& question) {
  const PictureSize size =
      make_denoiser(model.networks(), {question.settings.size})->size();
  const PictureSize small = part_of(size, 8, model);
  const PictureSize quarter = part_of(size, 4, model);
  const PictureSize large = quarter == small ? size : quarter;
  return {.weight_bytes = model.networks().weight_bytes,
          .rows = question.rows,
          .whole = measure_law(model, question, small, large, false),
          .by_layer = measure_law(model, question, small, large, true)};
}

std::string describe_memory(const PictureMemory& memory,
                            const PictureSize& size,
                            bool recomputes,
                            int64_t available) {
  std::string text = fmt::format("memory for {} rows of graph: {}",
                                 memory.rows,
                                 describe_sizes(memory, size, recomputes));
  if (recomputes)
    text += " (--recompute on)";
  else
    text += fmt::format("; with --recompute on {}",
                        describe_sizes(memory, size, true));
  if (available == 0 ||
      memory.needs(size, recomputes) < static_cast<double>(available))
    return text;
  text +=
      fmt::format("; {} are free: ", in_words(static_cast<double>(available)));
  if (!recomputes) text += "--recompute on ";
  return text + fmt::format("--micro-batch {} would fit",
                            rows_that_fit(memory, size, available));
}

}  // namespace lineas
