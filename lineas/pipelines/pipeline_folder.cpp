#include "lineas/pipelines/pipeline_folder.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/log.h"
#include "lineas/base/names.h"
#include "lineas/base/printable.h"
#include "lineas/schedulers/scheduler.h"
#include "lineas/tensor/weight_choice.h"

namespace lineas {
namespace {

bool is_tokenizer(const std::string& component) {
  return component.starts_with("tokenizer");
}

bool has_weights(const std::string& component) {
  return !is_tokenizer(component) && component != "scheduler";
}

std::string config_name(const std::string& component) {
  return component == "scheduler" ? "scheduler_config.json" : "config.json";
}

std::vector<std::string> variants_of(const std::string& dtype) {
  if (dtype == "float16") return {"fp16", "", "bf16"};
  if (dtype == "bfloat16") return {"bf16", "", "fp16"};
  return {"", "fp16", "bf16"};
}

WeightNames weight_names(const std::string& component,
                         const FolderOptions& options) {
  WeightNames names{.variants = variants_of(options.dtype)};
  if (component.starts_with("text_encoder")) return names;
  names.safetensors = names.pickle = "diffusion_pytorch_model";
  return names;
}

/// Looks for the parts of a pipeline, and remembers what is not there.
class Finder {
 public:
  Finder(const std::string& path, const FolderOptions& options)
      : options_(options) {
    folder_.path = path;
    const std::string index = path + "/model_index.json";
    if (!file_exists(index))
      fail(ErrorKind::not_found,
           "{}: has no model_index.json, by which a picture model in "
           "diffusers' form is known",
           path);
    folder_.index = parse_pipeline_index(read_file(index), index);
  }

  PipelineFolder find() {
    const auto needed = needed_components(folder_.index.class_name);
    for (const auto& [name, path] : options_.replaced)
      if (std::find(needed.begin(), needed.end(), name) == needed.end())
        fail(ErrorKind::usage,
             "{}: a {} has no component \"{}\" to replace. {}",
             folder_.index.where,
             folder_.index.class_name,
             printable(name),
             nearest_names(name, needed));
    for (const std::string& name : needed) find_component(name);
    if (missing_.empty()) return std::move(folder_);
    fail(ErrorKind::not_found,
         "{}: is not a whole {}: {}",
         folder_.path,
         folder_.index.class_name,
         fmt::join(missing_, "; "));
  }

 private:
  void find_component(const std::string& name) {
    Component component{.name = name};
    component.folder = folder_.path + "/" + name;
    const auto replaced = options_.replaced.find(name);
    const bool is_replaced = replaced != options_.replaced.end();
    const bool is_other_folder = is_replaced && !file_exists(replaced->second);
    if (is_other_folder) component.folder = replaced->second;
    if (!find_class(component, is_other_folder)) return;
    if (!is_directory(component.folder)) {
      missing_.push_back(
          fmt::format("{} has no folder {}", name, component.folder));
      return;
    }
    if (!is_tokenizer(name) && !read_config(component, is_other_folder)) return;
    if (has_weights(name)) {
      component.weights =
          is_replaced && !is_other_folder
              ? replaced->second
              : find_weights(component.folder, weight_names(name, options_));
      if (component.weights.empty()) miss_weights(component);
    }
    folder_.components[name] = std::move(component);
  }

  // A folder in the place of another says itself what it is.
  bool find_class(Component& component, bool is_other_folder) {
    const auto said = folder_.index.classes.find(component.name);
    if (said != folder_.index.classes.end())
      component.class_name = said->second;
    if (!component.class_name.empty() || is_other_folder) return true;
    missing_.push_back(
        fmt::format("{} is not in model_index.json", component.name));
    return false;
  }

  bool read_config(Component& component, bool is_other_folder) {
    component.config_path =
        component.folder + "/" + config_name(component.name);
    if (!file_exists(component.config_path)) {
      missing_.push_back(
          fmt::format("{} has no {}", component.name, component.config_path));
      return false;
    }
    // A schedule may hold -Infinity, which other configs may not.
    component.config = component.name == "scheduler"
                           ? read_scheduler_config(component.config_path)
                           : read_json(component.config_path);
    if (!component.config.is_object())
      fail(
          ErrorKind::format, "{}: is not a JSON object", component.config_path);
    check_class(component, is_other_folder);
    return true;
  }

  void check_class(Component& component, bool is_other_folder) const {
    const auto own = value_or<std::string>(
        component.config, "_class_name", component.config_path, "");
    if (own.empty() || own == component.class_name) return;
    if (is_other_folder) {
      check_component_class(component.name, own, component.config_path);
      component.class_name = own;
      return;
    }
    log_warning("{}: is of a {}, but model_index.json says {}, which decides",
                component.config_path,
                printable(own),
                component.class_name);
  }

  void miss_weights(const Component& component) {
    const WeightNames names = weight_names(component.name, options_);
    missing_.push_back(
        fmt::format("{} has no weights: no {}.safetensors, no shards of it, no "
                    "{}.bin is in {}{}",
                    component.name,
                    names.safetensors,
                    names.pickle,
                    component.folder,
                    other_weights(component.folder, names)));
  }

  FolderOptions options_;
  PipelineFolder folder_;
  std::vector<std::string> missing_;
};

}  // namespace

const Component& PipelineFolder::at(const std::string& name) const {
  const auto found = components.find(name);
  if (found != components.end()) return found->second;
  fail(ErrorKind::not_found,
       "{}: a {} has no component \"{}\"",
       path,
       index.class_name,
       name);
}

PipelineFolder open_pipeline_folder(const std::string& path,
                                    const FolderOptions& options) {
  return Finder(path, options).find();
}

bool is_pipeline_folder(const std::string& path) {
  return file_exists(path + "/model_index.json");
}

}  // namespace lineas
