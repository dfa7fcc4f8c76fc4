// The encoder of T5 v1.1 (T5EncoderModel), which reads prompts for FLUX. Ids
// in, states out; there is no mask, so pads are tokens like others.
#pragma once

#include <memory>

#include "lineas/diffusion/text_encoder_config.h"
#include "lineas/models/language_model.h"

namespace lineas {

class T5Encoder {
 public:
  virtual ~T5Encoder() = default;
  /// ids_BT (int64) -> last_hidden_state x_BTD, behind the final norm. The rows
  /// of the pass are entries of the batch. Throws usage for an id outside the
  /// vocabulary.
  virtual Tensor operator()(const Tensor& ids_BT, Pass& pass) const = 0;
  const T5Config& config() const { return config_; }

 protected:
  explicit T5Encoder(const T5Config& config) : config_(config) {}
  T5Config config_;
};

/// Frozen weights of a config.json; sites under files.source.site_prefix. As
/// in transformers, float16 keeps the feed-forward's output weights, and from
/// the first of them on the states between blocks, in float32.
std::unique_ptr<T5Encoder> make_t5_encoder(ModelFiles& files);

}  // namespace lineas
