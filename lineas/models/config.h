// What the architectures' files share: reading sizes out of config.json with
// the checks that all need, and the output head.
#pragma once

#include <functional>

#include "lineas/models/language_model.h"
#include "lineas/nn/layers.h"

namespace lineas {

/// HF's sliding_window where config.json has the key not.
constexpr int64_t kDefaultWindow = 4096;

/// A positive integer; throws format naming the key otherwise.
int64_t require_size(const ModelFiles& files, const std::string& key);
/// The same with a default where the key is absent or null.
int64_t size_or(const ModelFiles& files,
                const std::string& key,
                int64_t fallback);

/// Whether the key is there and null, for keys whose default is not "none".
bool is_null(const ModelFiles& files, const std::string& key);

/// The same for a head's width, which rotation splits in two: even.
int64_t even_size_or(const ModelFiles& files,
                     const std::string& key,
                     int64_t fallback);

template <typename T>
T config_or(const ModelFiles& files, const std::string& key, T fallback) {
  return value_or<T>(files.config, key, files.where, fallback);
}

/// The output head: the embedding table where the head is tied to it.
Linear make_head(const WeightScope& scope,
                 const LanguageModelInfo& info,
                 const Embedding& table);

/// Throws format unless `whole` is a multiple of `part`; names both keys.
void check_divides(const ModelFiles& files,
                   const std::string& part,
                   int64_t part_size,
                   const std::string& whole,
                   int64_t whole_size);

/// The sliding window of every layer (0: none): `window` where layer_types
/// says so, or, without that key, where `slides(layer)`.
std::vector<int64_t> windows_by_type(
    const ModelFiles& files,
    int64_t layers,
    int64_t window,
    const std::function<bool(int64_t)>& slides);

/// The sliding window of every layer as Qwen2 and Qwen3 say it:
/// use_sliding_window, sliding_window, and layer_types or max_window_layers.
std::vector<int64_t> read_windows(const ModelFiles& files, int64_t layers);

/// The layers of a model: scope / 0, scope / 1, ..., each a
/// Block(scope, config, layer).
template <typename Block, typename Config>
std::vector<Block> make_blocks(const WeightScope& scope, const Config& config) {
  std::vector<Block> blocks;
  for (int64_t layer = 0; layer < config.info.layers; ++layer)
    blocks.emplace_back(scope / layer, config, layer);
  return blocks;
}

}  // namespace lineas
