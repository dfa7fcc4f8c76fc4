#include "lineas/models/config.h"

#include "lineas/base/error.h"

namespace lineas {
namespace {

constexpr int64_t kLargestSize = int64_t{1} << 31;

int64_t checked(const ModelFiles& files, const std::string& key, int64_t size) {
  if (size >= 1 && size < kLargestSize) return size;
  fail(ErrorKind::format,
       "{}: \"{}\" is {}, it must be a positive size",
       files.where,
       key,
       size);
}

}  // namespace

int64_t require_size(const ModelFiles& files, const std::string& key) {
  return checked(files, key, require<int64_t>(files.config, key, files.where));
}

int64_t size_or(const ModelFiles& files,
                const std::string& key,
                int64_t fallback) {
  return checked(files, key, config_or<int64_t>(files, key, fallback));
}

void check_divides(const ModelFiles& files,
                   const std::string& part,
                   int64_t part_size,
                   const std::string& whole,
                   int64_t whole_size) {
  if (whole_size % part_size == 0) return;
  fail(ErrorKind::format,
       "{}: \"{}\" = {} is not a multiple of \"{}\" = {}",
       files.where,
       whole,
       whole_size,
       part,
       part_size);
}

std::vector<int64_t> read_windows(const ModelFiles& files, int64_t layers) {
  std::vector<int64_t> windows(layers, 0);
  if (!config_or(files, "use_sliding_window", false)) return windows;
  const int64_t window = require_size(files, "sliding_window");
  const auto types =
      config_or<std::vector<std::string>>(files, "layer_types", {});
  const auto full_below = config_or<int64_t>(files, "max_window_layers", 28);
  if (!types.empty() && static_cast<int64_t>(types.size()) != layers)
    fail(ErrorKind::format,
         "{}: \"layer_types\" has {} entries for {} layers",
         files.where,
         types.size(),
         layers);
  for (int64_t layer = 0; layer < layers; ++layer) {
    const bool slides = types.empty() ? layer >= full_below
                                      : types[layer] == "sliding_attention";
    if (slides) windows[layer] = window;
  }
  return windows;
}

}  // namespace lineas
