// One file of named tensors, whatever its format. Checkpoint looks tensors up
// in several of them and knows no more than this.
#pragma once

#include <string>
#include <vector>

#include "lineas/tensor/tensor.h"

namespace lineas {

class WeightFile {
 public:
  virtual ~WeightFile() = default;
  virtual const std::string& path() const = 0;
  virtual const std::vector<TensorEntry>& entries() const = 0;
  /// The tensor frozen, read only: the mapped bytes themselves, or a copy
  /// where they do not lie as a tensor must.
  virtual Tensor view(const TensorEntry& entry) const = 0;
  /// Drops the pages of bytes [begin, end) of a tensor that have been copied
  /// elsewhere; looking at them again reads the file again.
  virtual void release(const TensorEntry& entry,
                       uint64_t begin,
                       uint64_t end) const = 0;
};

}  // namespace lineas
