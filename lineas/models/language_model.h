// What every language model offers, and the list of architectures. A network is
// frozen weights and a forward pass; it knows nothing of steering, recording or
// text, nor the table that its sites stand in.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/nn/kv_cache.h"
#include "lineas/nn/loaded.h"
#include "lineas/nn/weight_scope.h"
#include "lineas/tensor/checkpoint.h"

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

/// What an architecture's file makes: frozen weights and their forward pass.
class LanguageNetwork {
 public:
  virtual ~LanguageNetwork() = default;

  /// The stream behind the last norm for packed tokens: ids_S (int64) ->
  /// x_SD. The rows are those of pass.context(); with a cache they continue
  /// what it holds. Ends early by PassEnded (see tap.h).
  virtual Tensor hidden(const Tensor& ids_S,
                        Pass& pass,
                        KvCache* cache) const = 0;
  /// The output head: x_SD -> logits_SV in the model's dtype.
  virtual Tensor logits(const Tensor& x_SD, Pass& pass) const = 0;
  /// The site of the output head.
  virtual SiteIndex head_site() const = 0;
  const LanguageModelInfo& info() const { return info_; }

 protected:
  explicit LanguageNetwork(const LanguageModelInfo& info) : info_(info) {}
  LanguageModelInfo info_;
};

/// A loaded network and all that others ask of it.
class LanguageModel {
 public:
  LanguageModel(LanguageModelInfo info, Loaded<LanguageNetwork> loaded)
      : info_(std::move(info)), loaded_(std::move(loaded)) {}

  /// See LanguageNetwork.
  Tensor hidden(const Tensor& ids_S,
                Pass& pass,
                KvCache* cache = nullptr) const {
    return loaded_.network->hidden(ids_S, pass, cache);
  }
  Tensor logits(const Tensor& x_SD, Pass& pass) const {
    return loaded_.network->logits(x_SD, pass);
  }
  SiteIndex head_site() const { return loaded_.network->head_site(); }
  const Site& head() const { return sites()[head_site()]; }

  const LanguageModelInfo& info() const { return info_; }
  const SiteTable& sites() const { return loaded_.sites; }
  at::Device device() const { return loaded_.placement.device; }
  at::ScalarType dtype() const { return loaded_.placement.dtype; }
  /// Bytes of all weights a token's decoding reads.
  int64_t weight_bytes() const { return loaded_.weight_bytes; }

 private:
  LanguageModelInfo info_;
  Loaded<LanguageNetwork> loaded_;
};

struct OpenedModel;

struct LoadOptions {
  /// Nothing: what config.json says, else the dtype of the checkpoint; bfloat16
  /// for quantised weights.
  std::optional<at::ScalarType> dtype = std::nullopt;
  at::Device device = at::kCPU;
  /// float32 for a dtype that was found, not asked for, and that the device
  /// multiplies badly (see multiplies_well); says so.
  bool spare_slow_dtypes = false;
};

/// Opens a Hugging Face folder or a GGUF file: config.json or the metadata say
/// which architecture. Throws unsupported for an unknown one, listing the
/// known, and for quantised weights.
std::unique_ptr<LanguageModel> load_language_model(
    const std::string& path, const LoadOptions& options = {});

/// The same from a config.json and weights that were opened elsewhere; `where`
/// is the config's path, for messages.
std::unique_ptr<LanguageModel> build_language_model(
    const Json& config,
    const std::string& where,
    const WeightStore& weights,
    const LoadOptions& options = {});

/// The same from what open_model (open_model.h) gave.
std::unique_ptr<LanguageModel> build_language_model(
    const OpenedModel& opened, const LoadOptions& options = {});

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
