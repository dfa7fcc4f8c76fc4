#include "lineas/models/config.h"

#include <algorithm>
#include <cmath>

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

std::vector<std::string> read_layer_types(const ModelFiles& files,
                                          int64_t layers) {
  auto types = config_or<std::vector<std::string>>(files, "layer_types", {});
  const bool is_given =
      files.config.contains("layer_types") && !is_null(files, "layer_types");
  if (is_given && static_cast<int64_t>(types.size()) != layers)
    fail(ErrorKind::format,
         "{}: \"layer_types\" has {} entries for {} layers",
         files.where,
         types.size(),
         layers);
  for (const std::string& type : types)
    if (type != "sliding_attention" && type != "full_attention")
      fail(ErrorKind::unsupported,
           "{}: layer type \"{}\" is not supported; known: "
           "sliding_attention, full_attention",
           files.where,
           type);
  return types;
}

int64_t read_head_width(const ModelFiles& files, int64_t width, int64_t heads) {
  const int64_t head_width = size_or(files, "head_dim", width / heads);
  if (head_width >= 2 && head_width % 2 == 0) return head_width;
  fail(ErrorKind::format,
       "{}: \"head_dim\" is {}, rotary positions need an even head width",
       files.where,
       head_width);
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

double require_number(const ModelFiles& files, const std::string& key) {
  const auto value = require<double>(files.config, key, files.where);
  if (std::isfinite(value)) return value;
  fail(ErrorKind::format, "{}: \"{}\" is {}", files.where, key, value);
}

double number_or_off(const ModelFiles& files, const std::string& key) {
  return is_null(files, key) ? 0 : require_number(files, key);
}

bool flag(const ModelFiles& files, const std::string& key) {
  return config_or(files, key, false);
}

void refuse_flag(const ModelFiles& files, const std::string& key) {
  if (!flag(files, key)) return;
  fail(ErrorKind::unsupported,
       "{}: \"{}\" is true, which is not supported",
       files.where,
       key);
}

Activation read_activation(const ModelFiles& files, const std::string& key) {
  return parse_activation(require<std::string>(files.config, key, files.where),
                          fmt::format("{}: \"{}\"", files.where, key));
}

bool is_null(const ModelFiles& files, const std::string& key) {
  return files.config.contains(key) && files.config[key].is_null();
}

LanguageModelInfo read_info(const ModelFiles& files) {
  return {.vocabulary = require_size(files, "vocab_size"),
          .width = require_size(files, "hidden_size"),
          .layers = require_size(files, "num_hidden_layers"),
          .tied_head = flag(files, "tie_word_embeddings")};
}

AttentionConfig read_attention(const ModelFiles& files,
                               int64_t width,
                               bool kv_heads_are_required) {
  AttentionConfig config;
  config.width = width;
  config.heads = require_size(files, "num_attention_heads");
  config.kv_heads = kv_heads_are_required
                        ? require_size(files, "num_key_value_heads")
                        : size_or(files, "num_key_value_heads", config.heads);
  check_divides(files,
                "num_key_value_heads",
                config.kv_heads,
                "num_attention_heads",
                config.heads);
  config.head_width = read_head_width(files, width, config.heads);
  config.qkv_bias = flag(files, "attention_bias");
  config.output_bias = config.qkv_bias;
  return config;
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

Linear make_head(const WeightScope& scope,
                 const LanguageModelInfo& info,
                 const Embedding& table) {
  if (info.tied_head) {
    scope.warn_of_another("weight", table.weight_VD());
    return Linear::tied(scope, table);
  }
  if (!scope.has("weight"))
    fail(ErrorKind::not_found,
         "{}: there is no tensor \"{}.weight\", and \"tie_word_embeddings\" is "
         "false: the checkpoint was saved without its output head",
         scope.where(),
         scope.path());
  return Linear(scope, info.width, info.vocabulary, false);
}

void tie_head(const ModelFiles& files,
              const LanguageModelInfo& info,
              const std::string& table) {
  if (info.tied_head)
    files.source.other_names[table + ".weight"] = "lm_head.weight";
}

std::vector<bool> sliding_layers(const ModelFiles& files,
                                 int64_t layers,
                                 const std::function<bool(int64_t)>& slides) {
  const std::vector<std::string> types = read_layer_types(files, layers);
  std::vector<bool> result(layers);
  for (int64_t layer = 0; layer < layers; ++layer)
    result[layer] =
        types.empty() ? slides(layer) : types[layer] == "sliding_attention";
  return result;
}

std::vector<int64_t> windows_of(const ModelFiles& files,
                                const std::vector<bool>& slides,
                                int64_t window) {
  std::vector<int64_t> windows;
  for (const bool layer_slides : slides)
    windows.push_back(layer_slides ? window : 0);
  if (window > 0 || std::none_of(slides.begin(), slides.end(), std::identity()))
    return windows;
  fail(ErrorKind::format,
       "{}: \"layer_types\" has a sliding_attention, but \"sliding_window\" "
       "says that there is no window",
       files.where);
}

int64_t read_window(const ModelFiles& files) {
  return is_null(files, "sliding_window")
             ? 0
             : require_size(files, "sliding_window");
}

std::vector<int64_t> read_windows(const ModelFiles& files, int64_t layers) {
  const int64_t window =
      flag(files, "use_sliding_window") ? read_window(files) : 0;
  const auto full_below =
      window > 0
          ? require<int64_t>(files.config, "max_window_layers", files.where)
          : layers;
  const std::vector<bool> slides =
      sliding_layers(files, layers, [=](int64_t layer) {
        return window > 0 && layer >= full_below;
      });
  return windows_of(files, slides, window);
}

}  // namespace lineas
