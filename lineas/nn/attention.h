// Attention of text models: over the rows of a call, which see only their past,
// and the module with its projections that all but GPT-2 share.
#pragma once

#include <optional>

#include "lineas/kernels/attention.h"
#include "lineas/nn/kv_cache.h"
#include "lineas/nn/layers.h"
#include "lineas/nn/rope.h"

namespace lineas {

/// What all layers of one model call share.
struct AttentionCall {
  const RowLayout& layout;
  RopeAngles angles = {};    // undefined for models without rotary positions
  KvCache* cache = nullptr;  // none: the call holds whole rows
};

struct AttentionCore {
  double scale = 1;     // of q . k
  double soft_cap = 0;  // cap * tanh(score / cap) where > 0 (Gemma 2)
  int64_t window = 0;   // sliding window where > 0
};

/// attend() of every row over its own past (kernels/attention.h): q_SHd, k_SKd,
/// v_SKd packed; o_SD with the heads side by side.
Tensor attend(const Tensor& q_SHd,
              const Tensor& k_SKd,
              const Tensor& v_SKd,
              const AttentionCore& core,
              const AttentionCall& call,
              int64_t layer);

/// Norms of queries and keys before the rotation: none, of every head (Qwen3),
/// the same with gains stored minus one (Gemma 3), of all heads as one (OLMo
/// 2).
enum class QkNorm { none, heads, heads_minus_one, whole };

struct QkNormConfig {
  QkNorm kind = QkNorm::none;
  double eps = 1e-6;
};

struct AttentionConfig {
  int64_t width = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_width = 0;
  bool qkv_bias = false;
  bool output_bias = false;
  QkNormConfig norm = {};
  AttentionCore core = {};
};

/// q, k, v projections, norms, rotation (none where the call has no angles),
/// attention, output projection.
class GroupedAttention {
 public:
  GroupedAttention(const WeightScope& scope,
                   const AttentionConfig& config,
                   int64_t layer);
  Tensor operator()(const Tensor& x_SD,
                    const AttentionCall& call,
                    Pass& pass) const;

 private:
  Tensor normed(const std::optional<RmsNorm>& norm,
                const Tensor& x_SD,
                Pass& pass) const;

  AttentionConfig config_;
  int64_t layer_;
  SiteIndex site_;
  Linear q_proj_, k_proj_, v_proj_, o_proj_;
  std::optional<RmsNorm> q_norm_, k_norm_;  // none, or both
};

}  // namespace lineas
