#include "lineas/engine/find_model.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/gguf.h"
#include "lineas/base/gguf_parts.h"
#include "lineas/engine/hub_cache.h"
#include "lineas/pipelines/pipeline_folder.h"

namespace lineas {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> bundled_folders() {
  std::vector<fs::path> folders;
  if (const char* folder = std::getenv("LINEAS_BUNDLED_DIR"))
    folders.emplace_back(folder);
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (!failed)
    folders.push_back(program.parent_path() / LINEAS_BUNDLED_INSTALL_DIR);
  folders.emplace_back(LINEAS_BUNDLED_SOURCE_DIR);
  return folders;
}

bool is_model_folder(const fs::path& path) {
  return file_exists((path / "config.json").string()) ||
         is_pipeline_folder(path.string());
}

// A folder of the Hub's cache rather than of a model: the snapshot in it. Of
// one with GGUF files alone: the only model there.
std::string find_in_folder(const std::string& folder) {
  if (is_model_folder(folder)) return folder;
  if (is_directory(folder + "/snapshots") && is_directory(folder + "/refs"))
    return find_snapshot(folder, {.repository = folder});
  const std::vector<std::string> models = gguf_models_in(folder);
  if (models.size() > 1)
    fail(ErrorKind::not_found,
         "{}: which of its GGUF files is meant? Give one of {}",
         folder,
         fmt::join(models, ", "));
  return models.empty() ? folder : models[0];
}

// People name the weights where the folder is meant.
std::string find_by_file(const std::string& file) {
  const fs::path path = fs::path(file).lexically_normal();
  if (is_gguf_file(file)) return file;
  const fs::path folder =
      path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (is_model_folder(folder)) return folder.string();
  fail(ErrorKind::not_found,
       "{}: is a file without a config.json beside it. A model is a Hugging "
       "Face folder (config.json and *.safetensors) or a GGUF file",
       file);
}

std::optional<std::string> find_bundled(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name[0] == '.')
    return std::nullopt;
  for (const fs::path& folder : bundled_folders())
    if (is_model_folder(folder / name)) return (folder / name).string();
  return std::nullopt;
}

std::string list_or_none(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

std::string how_to_fetch(const HubName& name) {
  return fmt::format(
      "Nothing is downloaded here: fetch it (hf download {0}, or git clone "
      "https://huggingface.co/{0}), or give the folder of one that is there",
      name.repository);
}

// The name of a file rather than of a folder or of a model on the Hub.
bool is_file_name(const std::string& model) {
  const std::string ending = fs::path(model).extension().string();
  return ending == ".gguf" || ending == ".safetensors" || ending == ".bin" ||
         ending == ".json";
}

}  // namespace

std::vector<std::string> bundled_models() {
  std::set<std::string> names;
  for (const fs::path& folder : bundled_folders()) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed))
      if (is_model_folder(entry.path()))
        names.insert(entry.path().filename().string());
  }
  return {names.begin(), names.end()};
}

std::string model_id(const std::string& found) {
  const std::filesystem::path given(found);
  // The Hub's cache has links there whose targets' names say nothing.
  const auto path =
      is_directory(found) ? std::filesystem::weakly_canonical(given) : given;
  if (const auto name = hub_name_of(path.string())) return *name;
  return path.filename().string();
}

std::string find_model(const std::string& model) {
  if (is_directory(model)) return find_in_folder(model);
  if (file_exists(model)) return find_by_file(model);
  if (const auto bundled = find_bundled(model)) return *bundled;
  const auto name = parse_hub_name(model);
  if (!name && is_file_name(model))
    fail(ErrorKind::not_found, "model \"{}\": no such file", model);
  if (!name)
    fail(ErrorKind::not_found,
         "model \"{}\": no such folder. Bundled models: {}",
         model,
         list_or_none(bundled_models()));
  if (const auto cached = find_in_hub_cache(*name)) return *cached;
  if (is_file_name(model))
    fail(ErrorKind::not_found, "model \"{}\": no such file", model);
  fail(ErrorKind::not_found,
       "model \"{}\": no such folder, no bundled model of that name (there "
       "are: {}), and the Hub cache ({}) has no such model (it has: {}). {}",
       model,
       list_or_none(bundled_models()),
       hub_cache_folder(),
       list_or_none(cached_models()),
       how_to_fetch(*name));
}

std::string find_hub_model(const std::string& model) {
  if (is_directory(model) || file_exists(model)) return find_model(model);
  const auto name = parse_hub_name(model);
  if (!name)
    fail(ErrorKind::usage,
         "-hf {}: is no name of a model on the Hub (ORG/NAME). For a folder "
         "say -m FOLDER",
         model);
  if (const auto cached = find_in_hub_cache(*name)) return *cached;
  fail(ErrorKind::usage,
       "-hf {}: the Hub cache ({}) has no such model (it has: {}). {}: "
       "-m FOLDER",
       model,
       hub_cache_folder(),
       list_or_none(cached_models()),
       how_to_fetch(*name));
}

}  // namespace lineas
