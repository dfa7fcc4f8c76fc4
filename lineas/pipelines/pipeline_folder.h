// A diffusers folder, looked through but not loaded: every component with its
// config.json and the files of its weights. Knows no networks; see
// pipeline_networks.h for those.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/pipelines/pipeline_index.h"

namespace lineas {

struct FolderOptions {
  /// "float16" and "bfloat16" take files of that variant first, anything else
  /// those without one. A component without the variant is taken as it is.
  std::string dtype = {};
  /// Component to the path that replaces it: a folder (config.json and
  /// weights), or a file of weights for the folder's own config.
  std::map<std::string, std::string> replaced = {};
};

struct Component {
  std::string name;        // "text_encoder"
  std::string class_name;  // "CLIPTextModel"
  std::string folder;
  std::string config_path;  // "" for tokenizers
  Json config;
  std::string weights;  // a file, or an index of shards; "" where it has none
};

struct PipelineFolder {
  std::string path;
  PipelineIndex index;
  std::map<std::string, Component> components;

  bool has(const std::string& name) const { return components.contains(name); }
  /// Throws not_found.
  const Component& at(const std::string& name) const;
};

/// Throws not_found, in one sentence, for all that is missing of what the
/// pipeline needs; see parse_pipeline_index for what is refused.
PipelineFolder open_pipeline_folder(const std::string& path,
                                    const FolderOptions& options = {});

/// Whether a folder looks like one: it has a model_index.json.
bool is_pipeline_folder(const std::string& path);

}  // namespace lineas
