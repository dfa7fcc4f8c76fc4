// What a tokenizer does to text before it is cut: Unicode normal forms, a
// prefix, replacements. The steps of "normalizer" in tokenizer.json.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/base/json.h"

namespace lineas {

/// Text on its way; `cut_front`: its first character is not the text's own.
struct NormalizedText {
  std::string text;
  bool cut_front = false;
};
using NormalizerStep = std::function<void(NormalizedText&)>;

class Normalizer {
 public:
  Normalizer() = default;
  explicit Normalizer(std::vector<NormalizerStep> steps)
      : steps_(std::move(steps)) {}

  bool empty() const { return steps_.empty(); }
  NormalizedText operator()(std::string_view text) const;

 private:
  std::vector<NormalizerStep> steps_;
};

/// Reads the "normalizer" object (or null) of a tokenizer.json. Throws
/// unsupported for a type that this program does not know.
Normalizer read_normalizer(const Json& spec, std::string_view where);

}  // namespace lineas
