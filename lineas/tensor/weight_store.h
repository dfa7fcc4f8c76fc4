// Named tensors that a model is built from, whatever files they lie in. A store
// knows nothing of models; one whose files use names or layouts of their own
// (GGUF) answers to the names and in the layouts of the Hugging Face
// checkpoint.
#pragma once

#include <string>
#include <string_view>
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
  /// How the files spell that name, and what says how large its tensor must be:
  /// for messages.
  virtual std::string stored_name(const std::string& name) const {
    return name;
  }
  virtual const char* described_by() const { return "config.json"; }
  /// A hash that tells two sets of weights apart without reading them whole;
  /// "" where there is none.
  virtual std::string fingerprint() const { return ""; }
};

/// Adds a tensor to a fingerprint: what it is called and looks like, and 64
/// bytes each of its beginning, middle and end.
uint64_t mix_fingerprint(uint64_t hash,
                         const std::string& name,
                         at::IntArrayRef shape,
                         std::string_view type,
                         std::string_view bytes);

}  // namespace lineas
