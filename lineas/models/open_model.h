// From a path to the configuration and the weights of a model, whatever it lies
// in: a Hugging Face folder or a GGUF file. Builds no model.
#pragma once

#include <memory>
#include <string>

#include "lineas/base/json.h"
#include "lineas/models/architecture.h"
#include "lineas/tensor/weight_store.h"

namespace lineas {

struct OpenedModel {
  Json config;
  std::string where;  // path of config.json or of the GGUF file, for messages
  std::unique_ptr<WeightStore> weights;
  const Architecture* architecture;  // what the configuration asks for
};

/// Throws not_found where there is neither, format for files that are not what
/// they claim to be.
OpenedModel open_model(const std::string& path);

}  // namespace lineas
