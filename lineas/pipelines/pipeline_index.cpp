#include "lineas/pipelines/pipeline_index.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/base/log.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

using Names = std::vector<std::string>;

const std::map<std::string, Names>& pipelines() {
  static const std::map<std::string, Names> needed = {
      {"StableDiffusionPipeline",
       {"text_encoder", "tokenizer", "unet", "vae", "scheduler"}},
      {"StableDiffusionXLPipeline",
       {"text_encoder",
        "text_encoder_2",
        "tokenizer",
        "tokenizer_2",
        "unet",
        "vae",
        "scheduler"}},
      {"FluxPipeline",
       {"text_encoder",
        "text_encoder_2",
        "tokenizer",
        "tokenizer_2",
        "transformer",
        "vae",
        "scheduler"}}};
  return needed;
}

const std::map<std::string, Names>& component_classes() {
  static const Names tokenizers = {
      "CLIPTokenizer", "CLIPTokenizerFast", "T5Tokenizer", "T5TokenizerFast"};
  static const Names encoders = {
      "CLIPTextModel", "CLIPTextModelWithProjection", "T5EncoderModel"};
  static const std::map<std::string, Names> classes = {
      {"text_encoder", encoders},
      {"text_encoder_2", encoders},
      {"tokenizer", tokenizers},
      {"tokenizer_2", tokenizers},
      {"unet", {"UNet2DConditionModel"}},
      {"transformer", {"FluxTransformer2DModel"}},
      {"vae", {"AutoencoderKL", "AutoencoderTiny"}},
      {"scheduler",
       {"EulerDiscreteScheduler",
        "EulerAncestralDiscreteScheduler",
        "LCMScheduler",
        "DDIMScheduler",
        "PNDMScheduler",
        "DPMSolverMultistepScheduler",
        "FlowMatchEulerDiscreteScheduler"}}};
  return classes;
}

bool is_passed_over(const std::string& key) {
  static const Names names = {"safety_checker",
                              "feature_extractor",
                              "image_encoder",
                              "requires_safety_checker",
                              "add_watermarker"};
  return key.starts_with('_') ||
         std::find(names.begin(), names.end(), key) != names.end();
}

template <typename Value>
Names keys_of(const std::map<std::string, Value>& map) {
  Names keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

// The class of ["library", "Class"]; "" for [null, null].
std::string class_of(const Json& pair,
                     const std::string& key,
                     const std::string& where) {
  const bool is_pair = pair.is_array() && pair.size() == 2;
  if (is_pair && pair[0].is_null() && pair[1].is_null()) return "";
  if (!is_pair || !pair[0].is_string() || !pair[1].is_string())
    fail(ErrorKind::format,
         "{}: \"{}\" is {}, a component is [library, class] or [null, null]",
         where,
         printable(key),
         printable(pair.dump()));
  const auto library = pair[0].get<std::string>();
  if (library != "diffusers" && library != "transformers")
    fail(ErrorKind::unsupported,
         "{}: \"{}\" comes from the library \"{}\"; only diffusers and "
         "transformers are known",
         where,
         printable(key),
         printable(library));
  return pair[1].get<std::string>();
}

void add_component(const std::string& key,
                   const Json& value,
                   PipelineIndex& index) {
  const std::string name = class_of(value, key, index.where);
  if (name.empty()) return;
  check_component_class(key, name, index.where);
  index.classes[key] = name;
}

}  // namespace

void check_component_class(const std::string& component,
                           const std::string& class_name,
                           const std::string& where) {
  const auto found = component_classes().find(component);
  if (found == component_classes().end())
    fail(ErrorKind::unsupported,
         "{}: component \"{}\" ({}) is not known; known: {}",
         where,
         printable(component),
         printable(class_name),
         fmt::join(keys_of(component_classes()), ", "));
  const Names& known = found->second;
  if (std::find(known.begin(), known.end(), class_name) != known.end()) return;
  fail(ErrorKind::unsupported,
       "{}: \"{}\" is of class \"{}\", which is not supported; known: {}",
       where,
       component,
       printable(class_name),
       fmt::join(known, ", "));
}

std::vector<std::string> needed_components(const std::string& pipeline_class) {
  return pipelines().at(pipeline_class);
}

PipelineIndex parse_pipeline_index(std::string_view text,
                                   const std::string& where) {
  const Json json = parse_json(text, where);
  PipelineIndex index{.where = where};
  index.class_name = require<std::string>(json, "_class_name", where);
  if (!pipelines().contains(index.class_name))
    fail(ErrorKind::unsupported,
         "{}: pipeline \"{}\" is not supported; known: {}",
         where,
         printable(index.class_name),
         fmt::join(keys_of(pipelines()), ", "));
  const std::string zeros = "force_zeros_for_empty_prompt";
  index.force_zeros_for_empty_prompt = value_or(json, zeros, where, true);
  for (const auto& [key, value] : json.items()) {
    if (is_passed_over(key) || key == zeros) continue;
    if (value.is_array())
      add_component(key, value, index);
    else if (!value.is_null())
      log_warning(
          "{}: \"{}\" is not known and is ignored", where, printable(key));
  }
  return index;
}

}  // namespace lineas
