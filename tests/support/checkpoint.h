// A checkpoint made of a few tensors, for tests of what reads one.
#pragma once

#include <map>

#include "lineas/nn/weight_scope.h"
#include "lineas/tensor/checkpoint.h"
#include "tests/support/folder.h"

namespace lineas::testing {

using Tensors = std::map<std::string, Tensor>;

inline void write_tensors(const std::string& path, const Tensors& tensors) {
  write_safetensors(path, {tensors.begin(), tensors.end()});
}

inline Tensors read_tensors(const std::string& path) {
  const SafetensorsFile file(path);
  Tensors tensors;
  for (const TensorEntry& entry : file.entries())
    tensors[entry.name] = file.view(entry).clone();
  return tensors;
}

/// The tensors in a folder of their own, opened, with an empty site table.
struct TinyCheckpoint {
  explicit TinyCheckpoint(const Tensors& tensors,
                          at::ScalarType dtype = at::kFloat)
      : checkpoint(write(folder, tensors)),
        source{checkpoint, {at::kCPU, dtype}, sites} {}

  static const std::string& write(const TempFolder& folder,
                                  const Tensors& tensors) {
    write_tensors(folder / "model.safetensors", tensors);
    return folder.path();
  }
  WeightScope scope() { return WeightScope(source); }

  TempFolder folder;
  Checkpoint checkpoint;
  SiteTable sites;
  WeightSource source;
};

}  // namespace lineas::testing
