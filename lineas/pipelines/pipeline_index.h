// model_index.json of a diffusers folder: which pipeline it is and what its
// components are. Opens no other file and needs no LibTorch, so that the fuzzer
// reaches it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lineas {

struct PipelineIndex {
  std::string where;
  std::string class_name;  // "StableDiffusionXLPipeline"
  /// Class of every component that is there and matters, by its name, which is
  /// that of its folder: text_encoder, tokenizer, unet, scheduler, ...
  std::map<std::string, std::string> classes;
  /// SDXL: without a negative prompt its embedding is zeros.
  bool force_zeros_for_empty_prompt = true;
};

/// Throws format for what is not the file's form, and unsupported, with what is
/// known, for a pipeline, a component or a class that this program does not
/// run. What changes no picture (safety checker, feature extractor, image
/// encoder, watermark) is passed over; so is any other switch, with a warning.
PipelineIndex parse_pipeline_index(std::string_view text,
                                   const std::string& where);

/// The components that a pipeline cannot do without.
std::vector<std::string> needed_components(const std::string& pipeline_class);

/// Throws unsupported, naming it and the known ones, unless a component of that
/// name may be of that class.
void check_component_class(const std::string& component,
                           const std::string& class_name,
                           const std::string& where);

}  // namespace lineas
