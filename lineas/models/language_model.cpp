#include "lineas/models/language_model.h"

#include <map>

#include "lineas/base/error.h"
#include "lineas/models/architecture.h"
#include "lineas/models/quantised.h"

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

std::unique_ptr<LanguageModel> build(const Json& config,
                                     const Architecture& architecture,
                                     const std::string& where,
                                     const WeightStore& weights,
                                     const LoadOptions& options) {
  const Json complete = complete_config(config, architecture, where);
  Loaded<LanguageNetwork> loaded;
  loaded.placement = {
      options.device,
      options.dtype ? *options.dtype : own_dtype(config, where, weights)};
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

std::unique_ptr<LanguageModel> load_language_model(const std::string& folder,
                                                   const LoadOptions& options) {
  if (!is_directory(folder))
    fail(ErrorKind::not_found, "{}: no such model folder", folder);
  const std::string where = folder + "/config.json";
  const Json config = read_json(where);
  // Before the weights are looked for: an unknown model may keep them
  // elsewhere.
  const Architecture& architecture = find_architecture(config, where);
  check_plain(config, folder, where);
  const Checkpoint checkpoint(folder);
  refuse_quantised(checkpoint);
  return build(config, architecture, where, checkpoint, options);
}

}  // namespace lineas
