// What the architectures' files share: reading sizes out of config.json with
// the checks that all need, and the output head. The config is complete: a key
// that the file leaves out has its configuration class's default (registry.h).
#pragma once

#include <functional>

#include "lineas/models/language_model.h"
#include "lineas/nn/attention.h"
#include "lineas/nn/layers.h"
#include "lineas/nn/mlp.h"

namespace lineas {

/// A positive integer; throws format naming the key otherwise.
int64_t require_size(const ModelFiles& files, const std::string& key);
/// The same with a default where the key is absent or null.
int64_t size_or(const ModelFiles& files,
                const std::string& key,
                int64_t fallback);

/// A finite number; throws format naming the key otherwise.
double require_number(const ModelFiles& files, const std::string& key);
/// The same, and null is 0: for what null turns off.
double number_or_off(const ModelFiles& files, const std::string& key);
/// True or false; null and absent are false, as in Python.
bool flag(const ModelFiles& files, const std::string& key);
/// Throws unsupported where the flag is set.
void refuse_flag(const ModelFiles& files, const std::string& key);
Activation read_activation(const ModelFiles& files, const std::string& key);

template <typename T>
T config_or(const ModelFiles& files, const std::string& key, T fallback) {
  return value_or<T>(files.config, key, files.where, fallback);
}

/// Whether the key is there and null.
bool is_null(const ModelFiles& files, const std::string& key);

/// Sizes of a model whose keys are named as Llama's; context is not among them
/// (see rope_config.h).
LanguageModelInfo read_info(const ModelFiles& files);

/// Heads, their width and biases, under Llama's names. num_key_value_heads may
/// be null (as many as heads) unless `kv_heads_are_required`; head_dim absent
/// or null is width / heads, where the class has no other default.
AttentionConfig read_attention(const ModelFiles& files,
                               int64_t width,
                               bool kv_heads_are_required = false);

/// The output head: the embedding table where the head is tied to it. Throws
/// not_found for a checkpoint that was saved without its head.
Linear make_head(const WeightScope& scope,
                 const LanguageModelInfo& info,
                 const Embedding& table);

/// Lets the embedding table be found under the head's name where the two are
/// one; to be called before modules are made.
void tie_head(const ModelFiles& files,
              const LanguageModelInfo& info,
              const std::string& table);

/// Throws format unless `whole` is a multiple of `part`; names both keys.
void check_divides(const ModelFiles& files,
                   const std::string& part,
                   int64_t part_size,
                   const std::string& whole,
                   int64_t whole_size);

/// Whether each layer slides: as layer_types says, or, without that key, as
/// `slides(layer)` does.
std::vector<bool> sliding_layers(const ModelFiles& files,
                                 int64_t layers,
                                 const std::function<bool(int64_t)>& slides);
/// `window` where a layer slides, else 0. Throws format where one slides and
/// there is no window.
std::vector<int64_t> windows_of(const ModelFiles& files,
                                const std::vector<bool>& slides,
                                int64_t window);
/// sliding_window, 0 where it is null.
int64_t read_window(const ModelFiles& files);

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
