// The names of a GGUF model that is split into several files:
// NAME-00001-of-00003.gguf and so on; and which models a folder holds. Opens
// nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lineas {

struct GgufParts {
  std::string stem;  // what stands before "-00001-of-00003.gguf"
  int64_t count = 1;

  /// The path of part `number`, from 1.
  std::string path(int64_t number) const;
};

/// The parts that a path of one of them belongs to; nothing for the name of a
/// whole file, or of the only part.
std::optional<GgufParts> find_gguf_parts(const std::string& path);

/// Where the metadata lies: the first part, or the file itself.
std::string first_gguf_part(const std::string& path);

/// The models of a folder, sorted: of a split one the first part. What reads
/// pictures beside a model (mmproj-*.gguf) is none.
std::vector<std::string> gguf_models_in(const std::string& folder);

}  // namespace lineas
