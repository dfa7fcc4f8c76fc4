// Walks a checkpoint by its own names: scope / "layers" / 3 / "mlp". Opening a
// module's scope is also what creates its site, so names in code, on disk and
// of sites are the same. A miss names the full path.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "lineas/tap/tap.h"
#include "lineas/tensor/checkpoint.h"
#include "lineas/tensor/device.h"

namespace lineas {

/// Where weights come from and where sites go while a model is built.
struct WeightSource {
  const Checkpoint& checkpoint;
  Placement placement;
  SiteTable& sites;
  /// A prefix of site names that files may lack, being saved from the model
  /// without its head: "model.", "transformer.". Names are tried with it first,
  /// then without.
  std::string optional_prefix = {};
  /// A prefix that files may have before all names: "language_model.".
  std::string added_prefix = {};
  /// Where a tensor is not there under its own name: a tied head's checkpoint
  /// may hold the table as lm_head alone.
  std::map<std::string, std::string> other_names = {};
  std::set<std::string> used = {};
};

/// A dotted path into the checkpoint.
class WeightScope {
 public:
  explicit WeightScope(WeightSource& source, std::string path = "")
      : source_(&source), path_(std::move(path)) {}

  WeightScope operator/(std::string_view name) const;
  WeightScope operator/(int64_t index) const;
  const std::string& path() const { return path_; }

  /// Makes this path a site of that width.
  SiteIndex site(int64_t width) const;

  /// The frozen tensor `path.name` in the model's dtype and place. Throws
  /// not_found, or shape with both shapes and the question to ask.
  Tensor weight(std::string_view name, at::IntArrayRef shape) const;
  bool has(std::string_view name) const;
  /// A warning where the checkpoint has such a tensor that differs from `used`,
  /// which is used in its place (looks at the first and last row).
  void warn_of_another(std::string_view name, const Tensor& used) const;
  at::Device device() const { return source_->placement.device; }
  at::ScalarType dtype() const { return source_->placement.dtype; }
  const std::string& folder() const { return source_->checkpoint.folder(); }

 private:
  std::string stored_name(std::string_view name) const;
  std::string with_or_without_prefix(const std::string& full) const;

  WeightSource* source_;
  std::string path_;
};

/// After a model is built: tensors nobody asked for. The kinds transformers
/// ignores too are passed over in silence, any other is a warning that names
/// it. `tied_head`: an lm_head.weight beside a tied head is one of the former.
void report_unused(const WeightSource& source, bool tied_head);

}  // namespace lineas
