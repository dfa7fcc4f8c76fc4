#include "lineas/models/language_model.h"

#include "lineas/base/error.h"
#include "lineas/models/registry.h"

namespace lineas {
namespace {

using Maker = std::unique_ptr<LanguageNetwork> (*)(ModelFiles&);

const std::vector<std::pair<std::string, Maker>>& makers() {
  static const std::vector<std::pair<std::string, Maker>> list = {
#define LINEAS_MODEL(name, architecture) {architecture, make_##name},
#include "lineas/models/models.def"
#undef LINEAS_MODEL
  };
  return list;
}

Maker find_maker(const std::string& architecture, const std::string& where) {
  for (const auto& [name, maker] : makers())
    if (name == architecture) return maker;
  fail(ErrorKind::unsupported,
       "{}: architecture \"{}\" is not supported; known: {}",
       where,
       architecture,
       fmt::join(known_architectures(), ", "));
}

std::string read_architecture(const Json& config, const std::string& where) {
  const auto names =
      require<std::vector<std::string>>(config, "architectures", where);
  if (names.size() != 1)
    fail(ErrorKind::format,
         "{}: \"architectures\" must name one architecture, not {}",
         where,
         names.size());
  return names[0];
}

}  // namespace

std::vector<std::string> known_architectures() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

std::unique_ptr<LanguageModel> build_language_model(
    const Json& config,
    const std::string& where,
    const WeightStore& weights,
    const LoadOptions& options) {
  const std::string architecture = read_architecture(config, where);
  const Maker make = find_maker(architecture, where);
  Loaded<LanguageNetwork> loaded;
  loaded.placement = {options.device, options.dtype.value_or(weights.dtype())};
  WeightSource source{weights, loaded.placement, loaded.sites};
  ModelFiles files{config, where, source};
  loaded.network = make(files);
  loaded.weight_bytes = source.bytes_used();
  LanguageModelInfo info = loaded.network->info();
  info.architecture = architecture;
  report_unused(source, info.tied_head);
  return std::make_unique<LanguageModel>(info, std::move(loaded));
}

std::unique_ptr<LanguageModel> load_language_model(const std::string& folder,
                                                   const LoadOptions& options) {
  if (!is_directory(folder))
    fail(ErrorKind::not_found, "{}: no such model folder", folder);
  const std::string where = folder + "/config.json";
  const Json config = read_json(where);
  // Before the weights are looked for: an unknown model may keep them
  // elsewhere.
  find_maker(read_architecture(config, where), where);
  return build_language_model(config, where, Checkpoint(folder), options);
}

}  // namespace lineas
