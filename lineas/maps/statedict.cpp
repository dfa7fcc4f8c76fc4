#include "lineas/maps/statedict.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/version.h"
#include "lineas/ot/auroc.h"
#include "lineas/ot/moments.h"
#include "lineas/tensor/torch_file.h"

namespace lineas {
namespace {

constexpr const char* kExtension = ".statedict";
constexpr const char* kEverywhere = "q_all";
// What a support is called where its percents are not known.
constexpr const char* kWholeRange = "q_0_100";
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
  std::optional<Interval> support(int64_t width) const;

  template <typename... Args>
  [[noreturn]] void refuse(const std::string& key,
                           fmt::format_string<Args...> format,
                           Args&&... args) const {
    fail(ErrorKind::format,
         "{}: {}{}",
         file_.path(),
         key.empty() ? "" : fmt::format("\"{}\": ", key),
         fmt::format(format, std::forward<Args>(args)...));
  }

 private:
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
  return values_D;
}

Tensor Statedict::check_width(const Tensor& values_D,
                              const std::string& key,
                              int64_t width) const {
  if (values_D.size(0) != width)
    refuse(key, "has {} neurons, the map has {}", values_D.size(0), width);
  return values_D;
}

// The quantiles of the source sample between which the map acts; "q_all" is
// everywhere (in the published programs, from -1e6 to 1e6).
std::optional<Interval> Statedict::support(int64_t width) const {
  const PickleValue* chosen = find("quantiles_src");
  if (chosen == nullptr || chosen->kind == PickleKind::none) return {};
  if (chosen->kind != PickleKind::text)
    refuse("quantiles_src", "is {}, not a text", name_of(chosen->kind));
  if (chosen->text == kEverywhere) return {};
  const PickleValue* all = find("quantiles_dict_src");
  const PickleValue* pair = all == nullptr ? nullptr : all->find(chosen->text);
  if (pair == nullptr || pair->items.size() != 2)
    refuse(
        "quantiles_dict_src", "has no pair of quantiles \"{}\"", chosen->text);
  const auto bound = [&](size_t i) {
    return check_width(
               vector(pair->items[i], chosen->text), chosen->text, width)
        .to(at::kFloat);
  };
  const Interval support{bound(0), bound(1)};
  if ((support.low_D > support.high_D).any().item<bool>())
    refuse(chosen->text, "has a lower bound above the upper one");
  return support;
}

AffineMap to_map(const Tensor& scale_D,
                 const Tensor& shift_D,
                 std::optional<Interval> support) {
  return {scale_D.to(at::kFloat), shift_D.to(at::kFloat), std::move(support)};
}

AffineMap read_affine(const Statedict& file) {
  const Tensor scale_D = file.vector("net.w1");
  const int64_t width = scale_D.size(0);
  const PickleValue* dim = file.find("dim");
  if (dim != nullptr && dim->kind == PickleKind::integer &&
      dim->integer != width)
    file.refuse("dim", "is {}, net.w1 has {} neurons", dim->integer, width);
  return to_map(scale_D, file.vector("net.b1", width), file.support(width));
}

// (s2/s1)(z - m1) + m2; neurons that hardly vary are left alone.
AffineMap read_gaussian(const Statedict& file, bool only_means) {
  const Tensor mean_D = file.vector("mu1");
  const int64_t width = mean_D.size(0);
  const Tensor target_mean_D = file.vector("mu2", width);
  const Tensor deviation_D = file.vector("std1", width);
  const Tensor target_D = file.vector("std2", width);
  const Tensor varies_D =
      (deviation_D > kLeastDeviation).logical_and(target_D > kLeastDeviation);
  const Tensor ones_D = at::ones_like(mean_D);
  const Tensor scale_D =
      only_means ? ones_D : at::where(varies_D, target_D / deviation_D, ones_D);
  const Tensor shift_D = at::where(
      varies_D, target_mean_D - scale_D * mean_D, at::zeros_like(mean_D));
  return to_map(scale_D, shift_D, file.support(width));
}

AffineMap read_aura(const Statedict& file) {
  const Tensor scale_D = file.contains("auroc")
                             ? aura_scale(file.vector("auroc"))
                             : file.vector("alpha");
  return to_map(scale_D, at::zeros_like(scale_D), std::nullopt);
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
    if (entry.path().extension() == kExtension)
      modules.push_back(entry.path().stem().string());
  std::sort(modules.begin(), modules.end(), comes_before);
  return modules;
}

std::string site_of(const std::string& module) {
  return module.ends_with(":0") ? module.substr(0, module.size() - 2) : module;
}

// "q_5_95" where the map was learned with --support-range 5,95.
std::string quantiles_name(const MapSet& set) {
  const Json& provenance = set.provenance;
  std::string range = provenance.is_object() && provenance.contains("options")
                          ? text_or_none(provenance["options"], "support-range")
                          : "";
  std::replace(range.begin(), range.end(), ',', '_');
  return range.empty() ? kWholeRange : "q_" + range;
}

bool is_layer_wise(const MapSet& set) {
  return text_or_none(set.provenance, "method").ends_with("-act");
}

TorchDict to_dict(const AffineMap& map, const MapSet& set) {
  const int64_t width = map.width();
  TorchDict dict{{{"net.w1", {map.scale_D.to(at::kFloat).view({1, width})}},
                  {"net.b1", {map.shift_D.to(at::kFloat).view({1, width})}},
                  {"dim", {width}}}};
  if (!map.support && !is_layer_wise(set)) return dict;
  TorchDict quantiles;
  const std::string name = map.support ? quantiles_name(set) : kEverywhere;
  if (map.support)
    quantiles.items.emplace_back(
        name,
        TorchItem{std::vector<Tensor>{map.support->low_D.to(kWide),
                                      map.support->high_D.to(kWide)}});
  dict.items.emplace_back("quantiles_dict_src", TorchItem{quantiles});
  dict.items.emplace_back("quantiles_src", TorchItem{name});
  return dict;
}

// All files, or none: half a folder would look like a whole one.
void write_files(const std::string& folder, const MapSet& set) {
  std::vector<std::string> written;
  try {
    for (const auto& [site, map] : set.maps) {
      written.push_back(folder + "/" + site + kExtension);
      write_torch_file(written.back(), to_dict(map, set));
    }
  } catch (...) {
    std::error_code ignored;
    for (const std::string& path : written)
      std::filesystem::remove(path, ignored);
    throw;
  }
}

void warn_of_rules(const std::string& folder, const MapRules& rules) {
  const MapRules plain;
  std::vector<std::string> lost;
  if (rules.position != plain.position)
    lost.push_back("position " + to_string(rules.position));
  if (rules.tokens != plain.tokens)
    lost.push_back("tokens " + to_string(rules.tokens));
  if (rules.guidance != plain.guidance)
    lost.push_back("guidance " + to_string(rules.guidance));
  if (!lost.empty())
    log_warning(
        "{}: this form has no place for {}; state it where the maps are used",
        folder,
        fmt::join(lost, ", "));
}

void check_writable_form(const std::string& folder, const MapSet& set) {
  if (!modules_of(folder).empty())
    fail(ErrorKind::resource,
         "{}: already has {} files, which would be read as maps too. Name a "
         "new folder.",
         folder,
         kExtension);
  for (const auto& [name, map] : set.maps)
    if (split_map_name(name).step || name.find('/') != std::string::npos)
      fail(ErrorKind::unsupported,
           "map \"{}\" has no place in a {} folder: a file a module, for all "
           "steps",
           name,
           kExtension);
}

}  // namespace

MapSet read_statedict_folder(const std::string& folder,
                             const StatedictOptions& options) {
  const std::vector<std::string> modules = modules_of(folder);
  if (modules.empty())
    fail(ErrorKind::not_found,
         "{}: has no {} files. It must be the folder that the published "
         "program wrote for one run.",
         folder,
         kExtension);
  MapSet set;
  std::string method;
  for (const std::string& module : modules) {
    const Imported imported =
        read_file_map(folder + "/" + module + kExtension, options);
    if (set.find(site_of(module)) != nullptr)
      fail(ErrorKind::format,
           "{}: {} is there twice, with and without \":0\"",
           folder,
           site_of(module));
    set.maps.emplace_back(site_of(module), imported.map);
    method = imported.method;
  }
  set.provenance = {{"tool", fmt::format("lineas.cpp {}", kVersion)},
                    {"method", "convert"},
                    {"from", fmt::format("{} ({})", kExtension, method)}};
  return set;
}

void write_statedict_folder(const std::string& folder, const MapSet& set) {
  check_writable_form(folder, set);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    fail(
        ErrorKind::resource, "{}: cannot be made: {}", folder, error.message());
  write_files(folder, set);
  warn_of_rules(folder, set.rules);
}

}  // namespace lineas
