// The tensors of a GGUF file under the names that the Hugging Face checkpoint
// of the same model has, in the form that it has them. Knows no architecture:
// the table of names says everything.
#pragma once

#include <map>

#include "lineas/gguf/architecture.h"
#include "lineas/tensor/gguf_file.h"
#include "lineas/tensor/weight_store.h"

namespace lineas {

/// How many heads the reordered rows belong to.
struct HeadCounts {
  int64_t queries = 1;
  int64_t keys = 1;
};

class GgufWeights : public WeightStore {
 public:
  /// Throws unsupported for a tensor that no rule names.
  GgufWeights(std::shared_ptr<const GgufFile> file,
              const std::vector<NameRule>& rules,
              HeadCounts heads);

  const std::string& where() const override { return file_->path(); }
  bool contains(const std::string& name) const override {
    return sources_.contains(name);
  }
  std::vector<int64_t> shape(const std::string& name) const override;
  /// bfloat16 where any tensor is quantised, else that of the embedding table.
  at::ScalarType dtype() const override;
  Tensor load(const std::string& name,
              at::ScalarType dtype,
              at::Device device) const override;
  std::vector<std::string> names() const override;
  std::string stored_name(const std::string& name) const override {
    return source(name).tensor;
  }
  const char* described_by() const override { return "metadata"; }
  /// Bytes as stored.
  int64_t bytes() const;
  std::string fingerprint() const override;

 private:
  struct Source {
    std::string tensor;
    Change change = Change::none;
    int64_t expert = 0;
  };
  void add(const std::string& tensor, const std::vector<NameRule>& rules);
  const Source& source(const std::string& name) const;
  Tensor restore(const Source& source, at::ScalarType dtype) const;
  Tensor in_halves(const Tensor& rows, const Source& source) const;

  std::shared_ptr<const GgufFile> file_;
  HeadCounts heads_;
  std::map<std::string, Source> sources_;
};

}  // namespace lineas
