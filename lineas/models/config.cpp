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

int64_t even_size_or(const ModelFiles& files,
                     const std::string& key,
                     int64_t fallback) {
  const int64_t size = size_or(files, key, fallback);
  if (size % 2 == 0) return size;
  fail(ErrorKind::format,
       "{}: \"{}\" is {}, rotary positions need an even head width",
       files.where,
       key,
       size);
}

bool is_null(const ModelFiles& files, const std::string& key) {
  return files.config.contains(key) && files.config[key].is_null();
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
  return info.tied_head ? Linear::tied(scope, table)
                        : Linear(scope, info.width, info.vocabulary, false);
}

std::vector<int64_t> windows_by_type(
    const ModelFiles& files,
    int64_t layers,
    int64_t window,
    const std::function<bool(int64_t)>& slides) {
  const auto types =
      config_or<std::vector<std::string>>(files, "layer_types", {});
  if (!types.empty() && static_cast<int64_t>(types.size()) != layers)
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
  std::vector<int64_t> windows(layers, 0);
  for (int64_t layer = 0; layer < layers; ++layer)
    if (types.empty() ? slides(layer) : types[layer] == "sliding_attention")
      windows[layer] = window;
  return windows;
}

std::vector<int64_t> read_windows(const ModelFiles& files, int64_t layers) {
  if (!config_or(files, "use_sliding_window", false))
    return std::vector<int64_t>(layers, 0);
  const int64_t window = size_or(files, "sliding_window", kDefaultWindow);
  const auto full_below = config_or<int64_t>(files, "max_window_layers", 28);
  return windows_by_type(files, layers, window, [=](int64_t layer) {
    return layer >= full_below;
  });
}

}  // namespace lineas
