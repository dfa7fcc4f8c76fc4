// The .index.json beside a sharded checkpoint: which file a tensor is in. Opens
// no weights.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lineas {

struct WeightIndex {
  std::string path;
  /// In the order in which transformers reads them; inside the folder, with
  /// neither "./" nor "..".
  std::vector<std::string> files;
  std::map<std::string, std::string> file_of;  // by tensor
};

/// Throws format for anything but a filled "weight_map" of tensor names to
/// files inside the folder.
WeightIndex read_weight_index(const std::string& path);

}  // namespace lineas
