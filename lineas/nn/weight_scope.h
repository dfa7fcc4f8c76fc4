// Walks a checkpoint by its own names: scope / "layers" / 3 / "mlp". Opening a
// module's scope is also what creates its site, so names in code, on disk and
// of sites are the same. A miss names the full path.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "lineas/tap/tap.h"
#include "lineas/tensor/device.h"
#include "lineas/tensor/weight_store.h"

namespace lineas {

/// The names under which a store may keep the tensor of that Hugging Face name,
/// the likeliest first. What it keeps under several of them must be one weight.
using Spelling =
    std::function<std::vector<std::string>(const std::string& name)>;

/// As they are.
std::vector<std::string> spell_plainly(const std::string& name);
/// With or without a prefix that the names have and some files lack
/// ("transformer." of a GPT-2 from the Hub), each as `inner` spells it.
Spelling spell_without(std::string prefix, Spelling inner = spell_plainly);
/// With or without a prefix that some files have before all names
/// ("language_model.").
Spelling spell_with(std::string prefix, Spelling inner = spell_plainly);

/// Where weights come from and where sites go while a network, or a part of a
/// pipeline, is built.
struct WeightSource {
  const WeightStore& weights;
  Placement placement;
  SiteTable& sites;
  /// Stands before the names of this part's sites and no tensor's: "unet" for a
  /// pipeline, whose parts share a table.
  std::string site_prefix = {};
  Spelling spelling = spell_plainly;
  /// Where a tensor is not there under its own name: a tied head's checkpoint
  /// may hold the table as lm_head alone.
  std::map<std::string, std::string> other_names = {};
  /// Stored names of the tensors asked for so far.
  std::set<std::string> used = {};

  /// Bytes of those tensors where they are placed.
  int64_t bytes_used() const;
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
  /// The site `path:element` of a module that returns several tensors.
  SiteIndex element_site(int64_t element, int64_t width) const;

  /// The frozen tensor `path.name` in the model's dtype and place. Throws
  /// not_found, or shape with both shapes and the question to ask.
  Tensor weight(std::string_view name, at::IntArrayRef shape) const;
  /// The same in a dtype of its own.
  Tensor weight(std::string_view name,
                at::IntArrayRef shape,
                at::ScalarType dtype) const;
  bool has(std::string_view name) const;
  /// A warning where the checkpoint has such a tensor that differs from `used`,
  /// which is used in its place (looks at the first and last row).
  void warn_of_another(std::string_view name, const Tensor& used) const;
  at::Device device() const { return source_->placement.device; }
  at::ScalarType dtype() const { return source_->placement.dtype; }
  const std::string& where() const { return source_->weights.where(); }

 private:
  std::string stored_name(std::string_view name) const;

  WeightSource* source_;
  std::string path_;
};

/// After a model is built: tensors nobody asked for. The kinds transformers
/// ignores too are passed over in silence, any other is a warning that names
/// it. `tied_head`: an lm_head.weight beside a tied head is one of the former.
void report_unused(const WeightSource& source, bool tied_head);

}  // namespace lineas
