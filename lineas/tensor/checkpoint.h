// The weight files of a Hugging Face folder: mapped, checked, looked up by
// name. Knows nothing of models; what a tensor is for is its asker's business.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "lineas/base/file.h"
#include "lineas/tensor/weight_choice.h"
#include "lineas/tensor/weight_file.h"
#include "lineas/tensor/weight_store.h"

namespace lineas {

/// One safetensors file, mapped. Its tensors are views of the mapping, valid
/// for as long as any of them lives.
class SafetensorsFile : public WeightFile {
 public:
  explicit SafetensorsFile(const std::string& path);

  const std::string& path() const override { return file_->path(); }
  const std::vector<TensorEntry>& entries() const override {
    return table_.tensors;
  }
  const std::map<std::string, std::string>& metadata() const {
    return table_.metadata;
  }
  /// The metadata of that key, "" where there is none.
  std::string metadata(const std::string& key) const;
  Tensor view(const TensorEntry& entry) const override;
  /// The tensor of that name; throws not_found.
  Tensor view(const std::string& name) const;
  void release(const TensorEntry& entry,
               uint64_t begin,
               uint64_t end) const override;

 private:
  std::shared_ptr<MappedFile> file_;
  SafetensorsTable table_;
};

struct WeightIndex;

/// All weight files of a model folder, as weight_choice.h finds them (by
/// default model.safetensors or its shards, else pytorch_model.bin or its
/// shards), or one file of any name. A name that
/// two shards hold is taken from the later one, as in transformers; format
/// where the index names the other and they differ. A name that the index
/// lists and no shard holds is missed when it is asked for. Throws not_found
/// for a missing shard, format for a bad one, unsupported for a pickle with a
/// foreign class in it.
class Checkpoint : public WeightStore {
 public:
  explicit Checkpoint(const std::string& folder, const WeightNames& names = {});
  /// A weight file, or the .index.json beside its shards.
  static Checkpoint of_file(const std::string& path);

  const std::string& where() const override { return where_; }
  bool contains(const std::string& name) const override;
  std::vector<int64_t> shape(const std::string& name) const override;
  DType stored_dtype(const std::string& name) const;
  /// Dtype of the first floating tensor.
  at::ScalarType dtype() const override;
  /// The mapping itself where nothing needs converting, else a copy (the mapped
  /// pages are let go).
  Tensor load(const std::string& name,
              at::ScalarType dtype,
              at::Device device) const override;
  std::vector<std::string> names() const override;
  /// Bytes of all tensors as stored; what several of them share counts once.
  int64_t bytes() const;
  /// A hash of names, shapes and a sample of the bytes of every tensor: enough
  /// to tell two checkpoints apart without reading them.
  std::string fingerprint() const override;

 private:
  struct Place {
    size_t file;
    size_t entry;
  };
  Checkpoint() = default;
  void open(const std::string& path);
  std::vector<std::pair<std::string, Place>> add_file(const std::string& path);
  void check_replaced(const std::string& name,
                      const Place& old,
                      const WeightIndex& index) const;
  void open_sharded(const std::string& index_path);
  const Place& place(const std::string& name) const;
  const TensorEntry& entry(const Place& place) const;

  std::string where_;   // of messages
  std::string folder_;  // of shards
  std::vector<std::shared_ptr<const WeightFile>> files_;
  std::map<std::string, Place> places_;
  std::map<std::string, std::string> absent_;  // listed in the index alone
};

/// Writes tensors (any device, any strides) as one safetensors file, whole or
/// not at all. The same input gives the same bytes.
void write_safetensors(
    const std::string& path,
    const std::vector<std::pair<std::string, Tensor>>& tensors,
    const std::map<std::string, std::string>& metadata = {});

}  // namespace lineas
