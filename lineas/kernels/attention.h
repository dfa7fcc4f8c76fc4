// Attention as a function of queries, keys and values: self, cross and joint,
// for texts that see only their past as for pictures that see everything. Of
// many scores it holds a few at a time, with gradients too. Knows no rows, no
// sites and no cache.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

struct AttentionOptions {
  double scale = 1;     // of q . k
  double soft_cap = 0;  // cap * tanh(score / cap) where > 0 (Gemma 2)
  /// Query t sees the keys 0 ... t alone. There are as many keys as queries.
  bool causal = false;
  /// Added to the scores, so that -inf hides a key; q's dtype, no gradient,
  /// [B or 1, H or 1, T or 1, L]. Undefined: nothing is hidden (beside what
  /// `causal` hides). Every query must see a key.
  Tensor mask = {};
};

/// softmax(q k^T * scale + mask) v: q_BTHd, k_BLKd, v_BLKd -> o_BTHd, where H
/// is a multiple of K and head h reads key head h / (H / K). Any strides; the
/// softmax is in float32 (in double for doubles). Without a soft cap on the CPU
/// it is ATen's flash kernel, else blocks of queries, made again for the
/// gradients. Source: Vaswani et al. 2017, eq. 1; Ainslie et al. 2023 (groups);
/// Dao et al. 2022 (blocks).
Tensor attend(const Tensor& q_BTHd,
              const Tensor& k_BLKd,
              const Tensor& v_BLKd,
              const AttentionOptions& options);

}  // namespace lineas
