// The text half of CLIP, as Stable Diffusion and FLUX use it: CLIPTextModel and
// CLIPTextModelWithProjection. Ids in, the states behind every layer out; which
// of them a pipeline takes is the pipeline's business.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lineas/diffusion/text_encoder_config.h"
#include "lineas/models/language_model.h"

namespace lineas {

struct ClipTextOutput {
  /// hidden_states of transformers: the embeddings, then behind every layer,
  /// without the final norm. hidden[size - k] is its hidden_states[-k].
  std::vector<Tensor> hidden_BTD;
  Tensor last_BTD;        // last_hidden_state: with the final norm
  Tensor pooled_BD;       // pooler_output: last_BTD at the end of the prompt
  Tensor text_embeds_BP;  // undefined without projection
};

class ClipText {
 public:
  virtual ~ClipText() = default;
  /// ids_BT (int64), padded; pads are tokens like others. The rows of the pass
  /// are entries of the batch. Throws usage for an id outside the vocabulary
  /// and for more tokens than there are positions.
  virtual ClipTextOutput operator()(const Tensor& ids_BT, Pass& pass) const = 0;
  /// The final norm of other states than the last; no tap sees it.
  virtual Tensor final_norm(const Tensor& hidden_BTD) const = 0;
  const ClipTextConfig& config() const { return config_; }

 protected:
  explicit ClipText(const ClipTextConfig& config) : config_(config) {}
  ClipTextConfig config_;
};

/// Frozen weights of a config.json; sites under files.source.site_prefix.
std::unique_ptr<ClipText> make_clip_text(ModelFiles& files,
                                         bool has_projection);

}  // namespace lineas
