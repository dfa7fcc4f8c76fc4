// A site: one named tensor in a model, the output of a module, known by its
// Hugging Face dotted name. The table is in named_modules() order.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace lineas {

/// Place of a site in its model's table.
using SiteIndex = int32_t;

struct Site {
  std::string name;  // "model.layers.3.mlp", "name:1" for a later tuple element
  int64_t width;     // neurons: channels of a picture tensor, else last dim
};

/// All sites of one model. A site is also known as `name:0`, but where there
/// is a site `name:0` too: then `name` is the elements joined (FLUX's single
/// blocks, which returned one sequence before diffusers 0.35 and two since).
class SiteTable {
 public:
  /// Appends a site; names are unique.
  SiteIndex add(std::string name, int64_t width);

  int64_t size() const { return static_cast<int64_t>(sites_.size()); }
  const Site& operator[](SiteIndex index) const { return sites_[index]; }
  std::vector<std::string> names() const;
  /// The site of that name (or `name:0`), or -1.
  SiteIndex find(const std::string& name) const;

  /// Sites whose whole name matches the regular expression (ECMAScript), in
  /// table order. `pattern:k` picks element k of a tuple output; without `:k`
  /// all elements match, or what joins them; of `a:0|b:1` each part its own.
  /// Throws usage for a bad expression,
  /// and not_found with the nearest names where nothing matches.
  std::vector<SiteIndex> match(const std::string& pattern) const;

 private:
  bool is_joined(const std::string& module) const;

  std::vector<Site> sites_;
  std::unordered_map<std::string, SiteIndex> index_;
};

}  // namespace lineas
