// The tensors of a GGUF model, mapped: one file, or all parts of a split one.
// Looked up under the file's own names; knows no architecture.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lineas/base/file.h"
#include "lineas/base/gguf.h"
#include "lineas/base/gguf_parts.h"
#include "lineas/tensor/tensor.h"

namespace lineas {

class GgufFile {
 public:
  /// `path`: a GGUF file; of a split model (NAME-00001-of-00003.gguf) any part,
  /// all are opened. Throws not_found for a missing part, format where the
  /// parts do not say that they belong together.
  explicit GgufFile(const std::string& path);

  const std::string& path() const { return path_; }
  /// That of the first part.
  const GgufMetadata& metadata() const { return parts_[0].table.metadata; }

  bool contains(const std::string& name) const {
    return places_.contains(name);
  }
  /// The tensor's description; throws not_found with the nearest names.
  const GgufTensor& tensor(const std::string& name) const;
  /// Names in the files, sorted.
  std::vector<std::string> names() const;

  /// The tensor in `dtype` on the CPU: the mapping itself where it is stored
  /// so, else a copy (the mapped pages are let go).
  Tensor load(const std::string& name, at::ScalarType dtype) const;
  /// Only [index] of its first dimension.
  Tensor load(const std::string& name,
              int64_t index,
              at::ScalarType dtype) const;
  /// The bytes as stored.
  std::string_view stored_bytes(const std::string& name) const;

 private:
  struct Part {
    std::shared_ptr<MappedFile> file;
    GgufTable table;
  };
  struct Place {
    size_t part;
    size_t entry;
  };
  void open_part(const std::string& path);
  void open_parts(const GgufParts& parts);
  void check_part(const Part& part, int64_t number, int64_t count) const;
  const Place& place(const std::string& name) const;

  std::string path_;
  std::vector<Part> parts_;
  std::map<std::string, Place> places_;
};

}  // namespace lineas
