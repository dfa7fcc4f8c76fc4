// What every language model offers, and the list of architectures. A model is
// frozen weights and a forward pass; it knows nothing of steering, recording or
// text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/nn/kv_cache.h"
#include "lineas/nn/weight_scope.h"

namespace lineas {

/// What others need to know of a model's size.
struct LanguageModelInfo {
  std::string architecture = {};  // "Qwen2ForCausalLM"
  int64_t vocabulary = 0;
  int64_t width = 0;
  int64_t layers = 0;
  int64_t context = 0;     // most tokens a row may have
  bool tied_head = false;  // the head is the embedding table
};

class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  /// The stream behind the last norm for packed tokens: ids_S (int64) ->
  /// x_SD. The rows are those of pass.context(); with a cache they continue
  /// what it holds. Ends early by PassEnded (see tap.h).
  virtual Tensor hidden(const Tensor& ids_S,
                        Pass& pass,
                        KvCache* cache = nullptr) const = 0;
  /// The output head: x_SD -> logits_SV in the model's dtype.
  virtual Tensor logits(const Tensor& x_SD, Pass& pass) const = 0;

  const LanguageModelInfo& info() const { return info_; }
  const SiteTable& sites() const { return sites_; }
  at::Device device() const { return placement_.device; }
  at::ScalarType dtype() const { return placement_.dtype; }
  /// Bytes of all weights a token's decoding reads.
  int64_t weight_bytes() const { return weight_bytes_; }

 protected:
  friend std::unique_ptr<LanguageModel> load_language_model(
      const std::string& folder, const struct LoadOptions& options);

  LanguageModelInfo info_;
  SiteTable sites_;
  Placement placement_;
  int64_t weight_bytes_ = 0;
};

struct LoadOptions {
  /// Nothing: what config.json says, else the dtype of the checkpoint.
  std::optional<at::ScalarType> dtype = std::nullopt;
  at::Device device = at::kCPU;
};

/// Opens a Hugging Face folder: config.json says which architecture. Throws
/// unsupported for an unknown one, listing the known, and for quantised
/// weights.
std::unique_ptr<LanguageModel> load_language_model(
    const std::string& folder, const LoadOptions& options = {});

/// The names that load_language_model knows ("LlamaForCausalLM", ...).
std::vector<std::string> known_architectures();

/// What an architecture's file gets: config.json, complete (architecture.h),
/// and the weights.
struct ModelFiles {
  const Json& config;
  const std::string& where;  // path of config.json, for messages
  WeightSource& source;
};

}  // namespace lineas
