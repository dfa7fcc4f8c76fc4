#include "lineas/models/language_model.h"

#include <map>

#include "lineas/base/error.h"
#include "lineas/models/architecture.h"
#include "lineas/models/quantised.h"

namespace lineas {
namespace {

int64_t bytes_used(const WeightSource& source) {
  int64_t sum = 0;
  for (const std::string& name : source.used)
    sum += c10::multiply_integers(source.checkpoint.shape(name));
  return sum * static_cast<int64_t>(c10::elementSize(source.placement.dtype));
}

// "auto" as in transformers: what config.json says ("dtype", before 4.56
// "torch_dtype"), else what the weights are.
at::ScalarType own_dtype(const Json& config,
                         const std::string& where,
                         const Checkpoint& checkpoint) {
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
  return checkpoint.dtype();
}

}  // namespace

std::vector<std::string> known_architectures() {
  std::vector<std::string> names;
  for (const Architecture& architecture : architectures())
    names.push_back(architecture.name);
  return names;
}

std::unique_ptr<LanguageModel> load_language_model(const std::string& folder,
                                                   const LoadOptions& options) {
  if (!is_directory(folder))
    fail(ErrorKind::not_found, "{}: no such model folder", folder);
  const std::string where = folder + "/config.json";
  const Json written = read_json(where);
  const Architecture& architecture = find_architecture(written, where);
  check_plain(written, folder, where);
  const Json config = complete_config(written, architecture, where);
  const Checkpoint checkpoint(folder);
  refuse_quantised(checkpoint);
  const Placement placement{
      options.device,
      options.dtype ? *options.dtype : own_dtype(written, where, checkpoint)};
  SiteTable sites;
  WeightSource source{checkpoint, placement, sites};
  ModelFiles files{config, where, source};
  std::unique_ptr<LanguageModel> model = architecture.make(files);
  report_unused(source, model->info().tied_head);
  model->info_.architecture = architecture.name;
  model->sites_ = std::move(sites);
  model->placement_ = placement;
  model->weight_bytes_ = bytes_used(source);
  return model;
}

}  // namespace lineas
