// Reading sizes out of config.json with the checks that all architectures need.
#pragma once

#include "lineas/models/language_model.h"

namespace lineas {

/// A positive integer; throws format naming the key otherwise.
int64_t require_size(const ModelFiles& files, const std::string& key);
/// The same with a default where the key is absent or null.
int64_t size_or(const ModelFiles& files,
                const std::string& key,
                int64_t fallback);

template <typename T>
T config_or(const ModelFiles& files, const std::string& key, T fallback) {
  return value_or<T>(files.config, key, files.where, fallback);
}

/// Throws format unless `whole` is a multiple of `part`; names both keys.
void check_divides(const ModelFiles& files,
                   const std::string& part,
                   int64_t part_size,
                   const std::string& whole,
                   int64_t whole_size);

/// The sliding window of every layer (0: none) as Qwen2 and Qwen3 say it:
/// use_sliding_window, sliding_window, and layer_types or max_window_layers.
std::vector<int64_t> read_windows(const ModelFiles& files, int64_t layers);

}  // namespace lineas
