// A GGUF file as a model: what stands for its config.json, and its weights
// under the names of the Hugging Face checkpoint. The architectures' own files
// cannot tell it from a folder.
#pragma once

#include <memory>
#include <string>

#include "lineas/base/json.h"
#include "lineas/tensor/weight_store.h"

namespace lineas {

struct GgufModel {
  Json config;  // with architectures, bos_token_id and eos_token_id (a list)
  std::unique_ptr<WeightStore> weights;
};

/// Opens a GGUF file, or all parts of a split one. Throws unsupported for an
/// architecture, a key or a tensor that is not known (naming it), format for a
/// file that contradicts itself.
GgufModel open_gguf_model(const std::string& path);

}  // namespace lineas
