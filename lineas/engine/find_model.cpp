#include "lineas/engine/find_model.h"

#include <cstdlib>
#include <filesystem>
#include <set>

#include "lineas/base/error.h"
#include "lineas/base/file.h"

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
  return file_exists((path / "config.json").string());
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

std::string find_model(const std::string& model) {
  if (is_directory(model)) return model;
  const bool is_name =
      !model.empty() && model.find('/') == std::string::npos && model[0] != '.';
  if (is_name)
    for (const fs::path& folder : bundled_folders())
      if (is_model_folder(folder / model)) return (folder / model).string();
  const std::vector<std::string> names = bundled_models();
  fail(ErrorKind::not_found,
       "model \"{}\": no such folder{}. Bundled models: {}",
       model,
       is_name ? ", and no bundled model of that name" : "",
       names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace lineas
