// Named tensors that a model is built from, whatever files they lie in. A store
// knows nothing of models; one whose files use names or layouts of their own
// (GGUF) answers to the names and in the layouts of the Hugging Face
// checkpoint.
#pragma once

#include <string>
#include <vector>

#include "lineas/tensor/tensor.h"

namespace lineas {

class WeightStore {
 public:
  virtual ~WeightStore() = default;
  /// The file or folder, for messages.
  virtual const std::string& where() const = 0;
  /// All names, sorted.
  virtual std::vector<std::string> names() const = 0;
  virtual bool contains(const std::string& name) const = 0;
  /// Its shape; throws not_found with the nearest names.
  virtual std::vector<int64_t> shape(const std::string& name) const = 0;
  /// What "--dtype auto" means.
  virtual at::ScalarType dtype() const = 0;
  /// The tensor, frozen, in the dtype and on the device asked for.
  virtual Tensor load(const std::string& name,
                      at::ScalarType dtype,
                      at::Device device) const = 0;
};

}  // namespace lineas
