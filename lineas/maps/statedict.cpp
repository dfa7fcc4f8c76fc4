#include "lineas/maps/statedict.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "lineas/base/error.h"
#include "lineas/base/names.h"
#include "lineas/base/printable.h"
#include "lineas/base/version.h"
#include "lineas/ot/auroc.h"
#include "lineas/ot/moments.h"
#include "lineas/tensor/torch_file.h"

namespace lineas {
namespace {

constexpr const char* kChosen = "quantiles_src";
constexpr const char* kEverywhere = "q_all";
constexpr double kFarAway = 1e6;  // "q_all" once a map is fitted: -1e6, 1e6
constexpr auto kWide = at::kDouble;

/// One file: a dict of tensors, texts and numbers.
class Statedict {
 public:
  explicit Statedict(const std::string& path) : file_(path) {
    if (file_.root().kind != PickleKind::dict)
      refuse("", "it holds {}, not a dict", name_of(file_.root().kind));
  }

  const PickleValue* find(const std::string& key) const {
    return file_.root().find(key);
  }
  bool contains(const std::string& key) const { return find(key) != nullptr; }
  /// The tensor of a value as values_D, in double; not NaN.
  Tensor vector(const PickleValue* value, const std::string& key) const;
  /// The same of a key; finite.
  Tensor vector(const std::string& key) const;
  /// The same, of a known width.
  Tensor vector(const std::string& key, int64_t width) const {
    return check_width(vector(key), key, width);
  }
  Tensor check_width(const Tensor& values_D,
                     const std::string& key,
                     int64_t width) const;
  /// The support. Its bounds may be those of the `fitted_D` neurons alone.
  std::optional<Interval> support(const Tensor& fitted_D) const;
  /// The values in float32, which they must fit.
  Tensor narrow(const Tensor& values_D, const std::string& key) const;

  template <typename... Args>
  [[noreturn]] void refuse(const std::string& key,
                           fmt::format_string<Args...> format,
                           Args&&... args) const {
    fail(ErrorKind::format,
         "{}: {}{}",
         file_.path(),
         key.empty() ? "" : fmt::format("\"{}\": ", printable(key)),
         fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  Tensor bound(const PickleValue& value,
               const std::string& key,
               const Tensor& fitted_D,
               double elsewhere) const;

  TorchFile file_;
};

Tensor Statedict::vector(const PickleValue* value,
                         const std::string& key) const {
  if (value == nullptr || !value->tensor)
    refuse(key,
           "is {}, a tensor is needed",
           value == nullptr ? "missing" : name_of(value->kind));
  const Tensor stored = file_.view(*value->tensor);
  // [D], [1, D] or [1, 1, D]: one number a neuron.
  if (stored.dim() == 0 || stored.numel() == 0 ||
      stored.size(-1) != stored.numel() ||
      !at::isFloatingType(stored.scalar_type()))
    refuse(key,
           "is {} {}, one floating number a neuron is needed",
           name_of(value->tensor->storage.dtype),
           to_string(stored.sizes()));
  const Tensor values_D = stored.reshape(-1).to(kWide).clone();
  if (values_D.isnan().any().item<bool>()) refuse(key, "has NaN");
  return values_D;
}

Tensor Statedict::vector(const std::string& key) const {
  const Tensor values_D = vector(find(key), key);
  if (values_D.isinf().any().item<bool>()) refuse(key, "has infinite values");
  narrow(values_D, key);
  return values_D;
}

Tensor Statedict::narrow(const Tensor& values_D, const std::string& key) const {
  const Tensor narrow_D = values_D.to(at::kFloat);
  if (!narrow_D.isfinite().equal(values_D.isfinite()))
    refuse(key, "has values beyond float32, or makes the map have them");
  return narrow_D;
}

Tensor Statedict::check_width(const Tensor& values_D,
                              const std::string& key,
                              int64_t width) const {
  if (values_D.size(0) != width)
    refuse(key, "has {} neurons, the map has {}", values_D.size(0), width);
  return values_D;
}

Tensor Statedict::bound(const PickleValue& value,
                        const std::string& key,
                        const Tensor& fitted_D,
                        double elsewhere) const {
  const Tensor values = narrow(vector(&value, key), key);
  const int64_t width = fitted_D.size(0);
  if (values.size(0) == width) return values;
  const int64_t fitted = fitted_D.sum().item<int64_t>();
  if (values.size(0) != fitted)
    refuse(key,
           "has {} neurons, the map has {}, {} of them fitted",
           values.size(0),
           width,
           fitted);
  return at::full({width}, elsewhere, at::kFloat)
      .masked_scatter(fitted_D, values);
}

bool is_everywhere(const PickleValue& pair) {
  const auto number = [&](size_t i) {
    return pair.items[i]->kind == PickleKind::real ? pair.items[i]->real : 0;
  };
  return number(0) <= -kFarAway && number(1) >= kFarAway;
}

// The quantiles of the source sample between which the map acts: by their name
// or, as the published programs write them after fitting, themselves.
std::optional<Interval> Statedict::support(const Tensor& fitted_D) const {
  const PickleValue* pair = find(kChosen);
  if (pair == nullptr || pair->kind == PickleKind::none) return {};
  std::string key = kChosen;
  if (pair->kind == PickleKind::text) {
    key = pair->text;
    if (key == kEverywhere) return {};
    const PickleValue* all = find("quantiles_dict_src");
    pair = all == nullptr ? nullptr : all->find(key);
    if (pair == nullptr || pair->items.size() != 2)
      refuse("quantiles_dict_src",
             "has no pair of quantiles \"{}\"",
             printable(key));
  } else if ((pair->kind != PickleKind::list &&
              pair->kind != PickleKind::tuple) ||
             pair->items.size() != 2) {
    refuse(
        key, "is {}, neither a text nor a pair of bounds", name_of(pair->kind));
  }
  if (is_everywhere(*pair) || !fitted_D.any().item<bool>()) return {};
  const Interval support{bound(*pair->items[0], key, fitted_D, -INFINITY),
                         bound(*pair->items[1], key, fitted_D, INFINITY)};
  if ((support.low_D > support.high_D).any().item<bool>())
    refuse(key, "has a lower bound above the upper one");
  return support;
}

AffineMap read_affine(const Statedict& file) {
  const Tensor scale_D = file.vector("net.w1");
  const int64_t width = scale_D.size(0);
  const PickleValue* dim = file.find("dim");
  if (dim != nullptr && dim->kind == PickleKind::integer &&
      dim->integer != width)
    file.refuse("dim", "is {}, net.w1 has {} neurons", dim->integer, width);
  return {file.narrow(scale_D, "net.w1"),
          file.narrow(file.vector("net.b1", width), "net.b1"),
          file.support(at::ones({width}, at::kBool))};
}

// (s2/s1)(z - m1) + m2; neurons that hardly vary are left alone.
AffineMap read_gaussian(const Statedict& file, bool only_means) {
  const Tensor mean_D = file.vector("mu1");
  const int64_t width = mean_D.size(0);
  const Tensor target_mean_D = file.vector("mu2", width);
  const Tensor deviation_D = file.vector("std1", width);
  const Tensor target_D = file.vector("std2", width);
  for (const char* key : {"std1", "std2"})
    if ((file.vector(key) < 0).any().item<bool>())
      file.refuse(key, "has a negative deviation");
  const Tensor varies_D =
      (deviation_D > kLeastDeviation).logical_and(target_D > kLeastDeviation);
  const Tensor ones_D = at::ones_like(mean_D);
  const Tensor scale_D =
      only_means ? ones_D : at::where(varies_D, target_D / deviation_D, ones_D);
  const Tensor shift_D = at::where(
      varies_D, target_mean_D - scale_D * mean_D, at::zeros_like(mean_D));
  return {file.narrow(scale_D, "std2"),
          file.narrow(shift_D, "mu2"),
          file.support(varies_D)};
}

AffineMap read_aura(const Statedict& file) {
  if (!file.contains("auroc")) {
    const Tensor alpha_D = file.narrow(file.vector("alpha"), "alpha");
    return {alpha_D, at::zeros_like(alpha_D)};
  }
  const Tensor auroc_D = file.vector("auroc");
  if ((auroc_D < 0).logical_or(auroc_D > 1).any().item<bool>())
    file.refuse("auroc", "has values outside [0, 1]");
  return {aura_scale(auroc_D).to(at::kFloat),
          at::zeros_like(auroc_D, at::kFloat)};
}

struct Imported {
  AffineMap map;
  const char* method;
};

Imported read_file_map(const std::string& path,
                       const StatedictOptions& options) {
  const Statedict file(path);
  if (file.contains("net.w1")) return {read_affine(file), "affine"};
  if (file.contains("mu1"))
    return {read_gaussian(file, options.only_means),
            options.only_means ? "mean" : "gaussian"};
  if (file.contains("auroc") || file.contains("alpha"))
    return {read_aura(file), "aura"};
  file.refuse("",
              "has none of net.w1, mu1, auroc, alpha: no map of a known kind");
}

// "h.2" before "h.10".
bool comes_before(const std::string& a, const std::string& b) {
  size_t i = 0, j = 0;
  const auto is_digit = [](const std::string& text, size_t at) {
    return at < text.size() &&
           std::isdigit(static_cast<unsigned char>(text[at]));
  };
  while (i < a.size() && j < b.size()) {
    if (is_digit(a, i) && is_digit(b, j)) {
      size_t end_i = i, end_j = j;
      while (is_digit(a, end_i)) ++end_i;
      while (is_digit(b, end_j)) ++end_j;
      if (end_i - i != end_j - j) return end_i - i < end_j - j;
    }
    if (a[i] != b[j]) return a[i] < b[j];
    ++i, ++j;
  }
  return a.size() - i < b.size() - j;
}

std::vector<std::string> modules_of(const std::string& folder) {
  std::vector<std::string> modules;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().extension() == kStatedictExtension)
      modules.push_back(entry.path().stem().string());
  std::sort(modules.begin(), modules.end(), comes_before);
  return modules;
}

}  // namespace

bool has_statedict_files(const std::string& folder) {
  return !modules_of(folder).empty();
}

MapSet read_statedict_folder(const std::string& folder,
                             const StatedictOptions& options) {
  const std::vector<std::string> modules = modules_of(folder);
  if (modules.empty())
    fail(ErrorKind::not_found,
         "{}: has no {} files. It must be the folder that the published "
         "program wrote for one run.",
         folder,
         kStatedictExtension);
  MapSet set;
  std::string method;
  for (const std::string& module : modules) {
    check_site_name(module, folder);
    const Imported imported =
        read_file_map(folder + "/" + module + kStatedictExtension, options);
    const MapKey key = parse_map_key(module);
    if (set.find(key) != nullptr)
      fail(ErrorKind::format,
           "{}: {} is there twice, with and without \":0\"",
           folder,
           to_string(key));
    set.maps.add(key, imported.map);
    method = imported.method;
  }
  set.provenance = {
      {"tool", fmt::format("lineas.cpp {}", kVersion)},
      {"method", "convert"},
      {"from", fmt::format("{} ({})", kStatedictExtension, method)}};
  return set;
}

}  // namespace lineas
