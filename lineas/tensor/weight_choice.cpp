// Source: diffusers pipelines/pipeline_loading_utils.py,
// variant_compatible_siblings; transformers modeling_utils.py.
#include "lineas/tensor/weight_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "lineas/base/file.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

// "model.fp16.safetensors", then the indexes of new and of old shards.
std::vector<std::string> spellings(const std::string& stem,
                                   const std::string& ending,
                                   const std::string& variant) {
  if (variant.empty())
    return {fmt::format("{}.{}", stem, ending),
            fmt::format("{}.{}.index.json", stem, ending)};
  return {fmt::format("{}.{}.{}", stem, variant, ending),
          fmt::format("{}.{}.index.{}.json", stem, ending, variant),
          fmt::format("{}.{}.{}.index.json", stem, ending, variant)};
}

}  // namespace

std::string find_weights(const std::string& folder, const WeightNames& names) {
  const std::pair<std::string, const char*> kinds[] = {
      {names.safetensors, "safetensors"}, {names.pickle, "bin"}};
  for (const auto& [stem, ending] : kinds)
    for (const std::string& variant : names.variants)
      for (const std::string& name : spellings(stem, ending, variant))
        if (file_exists(folder + "/" + name)) return folder + "/" + name;
  return "";
}

std::string other_weights(const std::string& folder, const WeightNames& names) {
  std::vector<std::string> found;
  std::error_code failed;
  for (const auto& file : std::filesystem::directory_iterator(folder, failed)) {
    const std::string name = file.path().filename().string();
    for (const char* ending : {".safetensors", ".bin", ".gguf", ".pth", ".pt"})
      if (name.ends_with(ending)) found.push_back(printable(name));
  }
  if (found.empty()) return "";
  std::sort(found.begin(), found.end());
  const bool has_gguf =
      std::any_of(found.begin(), found.end(), [](const std::string& name) {
        return name.ends_with(".gguf");
      });
  if (has_gguf)
    return fmt::format(
        ". There is {}; a GGUF file is a model by itself: give its path, not "
        "the folder's.",
        fmt::join(found, ", "));
  return fmt::format(
      ". There is {}; {}other names are not looked for: rename the one that is "
      "meant.",
      fmt::join(found, ", "),
      names.variants.size() > 1 ? "" : "variants and ");
}

}  // namespace lineas
