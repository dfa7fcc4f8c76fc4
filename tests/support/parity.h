// The parity folder: tiny models with golden numbers of steered runs. A test
// that uses it skips where the folder is not at hand.
#pragma once

#include <memory>

#include "lineas/base/file.h"
#include "lineas/base/json.h"
#include "lineas/maps/map_set.h"
#include "lineas/models/language_model.h"
#include "tests/support/folder.h"

namespace lineas::testing {

inline constexpr const char* kParityModels[] = {
    "tiny-gpt2", "tiny-llama", "tiny-qwen2", "tiny-gemma2", "stories260K"};

/// The folder with the weights of a parity model.
inline std::string parity_model_folder(const std::string& name) {
  const std::string folder = test_data("parity/" + name);
  return file_exists(folder + "/config.json") ? folder
                                              : test_data("models/" + name);
}

struct ParityFolder {
  explicit ParityFolder(const std::string& name)
      : json(read_json(test_data("parity/" + name) + "/golden.json")),
        tensors(test_data("parity/" + name) + "/golden.safetensors"),
        model(load_language_model(parity_model_folder(name),
                                  {.dtype = at::kFloat})) {}

  /// `lineas/sgd` or `linear_act/incr` as maps.
  MapSet maps(const std::string& run, const MapRules& rules = {}) const {
    MapSet set;
    set.rules = rules;
    for (const Json& name : json["sites"]) {
      const std::string site = name;
      set.maps.add(site,
                   AffineMap{tensors.view(run + "/w/" + site),
                             tensors.view(run + "/b/" + site)});
    }
    return set;
  }

  Json json;
  SafetensorsFile tensors;
  std::unique_ptr<LanguageModel> model;
};

}  // namespace lineas::testing
