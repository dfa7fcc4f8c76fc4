// Files of torch.save, in both forms: the zip archive, and the one from before
// torch 1.6. Read through the restricted pickle reader, so nothing in them is
// executed; tensors are views of the mapped file. Knows nothing of what the
// tensors are for.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lineas/base/file.h"
#include "lineas/tensor/pickle.h"
#include "lineas/tensor/weight_file.h"

namespace lineas {

class TorchFile : public WeightFile {
 public:
  /// Throws format for a file that torch.save did not write, a storage that is
  /// not (wholly) there, or another byte order; unsupported, by name, for a
  /// class that is neither tensor nor container.
  explicit TorchFile(const std::string& path);

  const std::string& path() const override { return file_->path(); }
  /// What was saved.
  const PickleValue& root() const { return *pickle_.root; }
  /// A tensor somewhere below the root. A view of the mapping with its own
  /// strides; copied where its bytes are not aligned (in the old form).
  Tensor view(const PickleTensor& tensor) const;

  /// The tensors of a dict of tensors, or of its "state_dict"; empty where the
  /// file holds something else.
  const std::vector<TensorEntry>& entries() const override { return entries_; }
  Tensor view(const TensorEntry& entry) const override;
  void release(const TensorEntry& entry,
               uint64_t begin,
               uint64_t end) const override;

 private:
  struct Bytes {
    uint64_t begin = 0;
    uint64_t size = 0;
  };
  void read_zip();
  /// `at`: where the magic number ends.
  void read_old_form(uint64_t at);
  void check_storages() const;
  void list_entries();

  std::shared_ptr<MappedFile> file_;
  Pickle pickle_;
  std::map<std::string, Bytes> storages_;
  std::vector<TensorEntry> entries_;
  std::map<std::string, const PickleTensor*> by_name_;
};

struct TorchItem;
/// A dict to save, in the order given.
struct TorchDict {
  std::vector<std::pair<std::string, TorchItem>> items;
};
struct TorchItem {
  std::variant<int64_t, std::string, Tensor, std::vector<Tensor>, TorchDict>
      value;
};

/// Writes a dict as torch.save does (zip form), so that
/// torch.load(weights_only=True) reads it; whole or not at all. The same input
/// gives the same bytes.
void write_torch_file(const std::string& path, const TorchDict& dict);

}  // namespace lineas
