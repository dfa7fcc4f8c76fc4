// What a tokenizer does to text before it is cut: Unicode normal forms, a
// prefix, replacements. The steps of "normalizer" in tokenizer.json.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/base/json.h"

namespace lineas {

using NormalizerStep = std::function<std::string(std::string)>;

class Normalizer {
 public:
  Normalizer() = default;
  explicit Normalizer(std::vector<NormalizerStep> steps)
      : steps_(std::move(steps)) {}

  bool empty() const { return steps_.empty(); }
  std::string operator()(std::string_view text) const;

 private:
  std::vector<NormalizerStep> steps_;
};

/// Reads the "normalizer" object (or null) of a tokenizer.json. Throws
/// unsupported for a type that BPE tokenizers of today do not use.
Normalizer read_normalizer(const Json& spec, std::string_view where);

/// The normal form of Qwen tokenizers.
Normalizer nfc_normalizer();

}  // namespace lineas
