#include "lineas/models/language_model.h"

#include "lineas/base/error.h"
#include "lineas/models/registry.h"

namespace lineas {
namespace {

using Maker = std::unique_ptr<LanguageModel> (*)(ModelFiles&);

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

int64_t bytes_used(const WeightSource& source) {
  int64_t sum = 0;
  for (const std::string& name : source.used)
    sum += c10::multiply_integers(source.checkpoint.shape(name));
  return sum * static_cast<int64_t>(c10::elementSize(source.placement.dtype));
}

}  // namespace

std::vector<std::string> known_architectures() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

std::unique_ptr<LanguageModel> load_language_model(const std::string& folder,
                                                   const LoadOptions& options) {
  if (!is_directory(folder))
    fail(ErrorKind::not_found, "{}: no such model folder", folder);
  const std::string where = folder + "/config.json";
  const Json config = read_json(where);
  const std::string architecture = read_architecture(config, where);
  const Maker make = find_maker(architecture, where);
  const Checkpoint checkpoint(folder);
  const Placement placement{options.device,
                            options.dtype.value_or(checkpoint.dtype())};
  SiteTable sites;
  WeightSource source{checkpoint, placement, sites};
  ModelFiles files{config, where, source};
  std::unique_ptr<LanguageModel> model = make(files);
  report_unused(source, model->info().tied_head);
  model->info_.architecture = architecture;
  model->sites_ = std::move(sites);
  model->placement_ = placement;
  model->weight_bytes_ = bytes_used(source);
  return model;
}

}  // namespace lineas
