#include "lineas/models/language_model.h"

#include <map>

#include "lineas/base/error.h"
#include "lineas/models/architecture.h"
#include "lineas/models/open_model.h"
#include "lineas/tensor/fast_dtype.h"

namespace lineas {
namespace {

// "auto" as in transformers: what config.json says ("dtype", before 4.56
// "torch_dtype"), else what the weights are.
at::ScalarType own_dtype(const Json& config,
                         const std::string& where,
                         const WeightStore& weights) {
  static const std::map<std::string, at::ScalarType> types = {
      {"float64", at::kDouble},
      {"float32", at::kFloat},
      {"float16", at::kHalf},
      {"bfloat16", at::kBFloat16}};
  for (const char* key : {"dtype", "torch_dtype"}) {
    auto name = value_or<std::string>(config, key, where, "");
    if (name.starts_with("torch.")) name = name.substr(6);
    if (name.empty() || name == "auto") continue;
    if (types.contains(name)) return types.at(name);
    fail(ErrorKind::unsupported,
         "{}: \"{}\" is \"{}\"; known: float32, float16, bfloat16. --dtype "
         "says another.",
         where,
         key,
         name);
  }
  return weights.dtype();
}

at::ScalarType dtype_to_use(const Json& config,
                            const std::string& where,
                            const WeightStore& weights,
                            const LoadOptions& options) {
  if (options.dtype) return *options.dtype;
  const at::ScalarType own = own_dtype(config, where, weights);
  return options.spare_slow_dtypes ? fast_dtype(own, options.device, where)
                                   : own;
}

std::unique_ptr<LanguageModel> build(const Json& config,
                                     const Architecture& architecture,
                                     const std::string& where,
                                     const WeightStore& weights,
                                     const LoadOptions& options) {
  const Json complete = complete_config(config, architecture, where);
  Loaded<LanguageNetwork> loaded;
  loaded.placement = {options.device,
                      dtype_to_use(config, where, weights, options)};
  WeightSource source{weights, loaded.placement, loaded.sites};
  ModelFiles files{complete, where, source};
  loaded.network = architecture.make(files);
  loaded.weight_bytes = source.bytes_used();
  LanguageModelInfo info = loaded.network->info();
  info.architecture = architecture.name;
  report_unused(source, info.tied_head);
  return std::make_unique<LanguageModel>(info, std::move(loaded));
}

}  // namespace

std::vector<std::string> known_architectures() {
  std::vector<std::string> names;
  for (const Architecture& architecture : architectures())
    names.push_back(architecture.name);
  return names;
}

std::unique_ptr<LanguageModel> build_language_model(
    const Json& config,
    const std::string& where,
    const WeightStore& weights,
    const LoadOptions& options) {
  return build(
      config, find_architecture(config, where), where, weights, options);
}

std::unique_ptr<LanguageModel> build_language_model(
    const OpenedModel& opened, const LoadOptions& options) {
  return build(opened.config,
               *opened.architecture,
               opened.where,
               *opened.weights,
               options);
}

std::unique_ptr<LanguageModel> load_language_model(const std::string& path,
                                                   const LoadOptions& options) {
  return build_language_model(open_model(path), options);
}

}  // namespace lineas
