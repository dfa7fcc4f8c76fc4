#include "lineas/nn/attention.h"

#include <algorithm>

#include "lineas/nn/fused.h"

namespace lineas {
namespace {

// Without gradients, queries go through in blocks of this many tokens, so that
// a long prompt never holds all of its T x L scores.
constexpr int64_t kQueryBlock = 256;

// q_BTHd -> [B K, G T, d]: the query heads of one key head become more queries.
Tensor group_queries(const Tensor& q_BTHd, int64_t kv_heads) {
  const int64_t B = q_BTHd.size(0), T = q_BTHd.size(1), d = q_BTHd.size(3);
  const int64_t G = q_BTHd.size(2) / kv_heads;
  return q_BTHd.view({B, T, kv_heads, G, d})
      .permute({0, 2, 3, 1, 4})
      .reshape({B * kv_heads, G * T, d});
}

Tensor ungroup(const Tensor& o_BK_GT_d, int64_t B, int64_t T, int64_t K) {
  const int64_t G = o_BK_GT_d.size(1) / T, d = o_BK_GT_d.size(2);
  return o_BK_GT_d.view({B, K, G, T, d})
      .permute({0, 3, 1, 2, 4})
      .reshape({B, T, K * G * d});
}

Tensor attend_block(const Tensor& q_BTHd,
                    const Tensor& k_BKLd,
                    const Tensor& v_BKLd,
                    const Tensor& mask_BKGTL,
                    const AttentionCore& core) {
  const int64_t B = k_BKLd.size(0), K = k_BKLd.size(1), L = k_BKLd.size(2);
  const int64_t T = q_BTHd.size(1), G = q_BTHd.size(2) / K;
  const Tensor k = k_BKLd.reshape({B * K, L, k_BKLd.size(3)});
  const Tensor v = v_BKLd.reshape({B * K, L, v_BKLd.size(3)});
  const Tensor q = group_queries(q_BTHd * core.scale, K);
  Tensor scores = at::bmm(q, k.transpose(1, 2)).view({B, K, G, T, L});
  if (core.soft_cap > 0)
    scores = (scores / core.soft_cap).tanh() * core.soft_cap;
  if (mask_BKGTL.defined()) scores = scores + mask_BKGTL;
  const Tensor weights =
      at::softmax(scores, -1, at::kFloat).to(v.scalar_type());
  return ungroup(at::bmm(weights.view({B * K, G * T, L}), v), B, T, K);
}

Tensor attend_in_blocks(const Tensor& q_BTHd,
                        const Tensor& k_BKLd,
                        const Tensor& v_BKLd,
                        const Tensor& mask,
                        const AttentionCore& core) {
  const int64_t T = q_BTHd.size(1);
  if (T <= kQueryBlock || c10::GradMode::is_enabled())
    return attend_block(q_BTHd, k_BKLd, v_BKLd, mask, core);
  std::vector<Tensor> blocks;
  for (int64_t t = 0; t < T; t += kQueryBlock) {
    const int64_t count = std::min(kQueryBlock, T - t);
    blocks.push_back(
        attend_block(q_BTHd.narrow(1, t, count).contiguous(),
                     k_BKLd,
                     v_BKLd,
                     mask.defined() ? mask.narrow(3, t, count) : mask,
                     core));
  }
  return at::cat(blocks, 1);
}

std::optional<RmsNorm> make_norm(const WeightScope& scope,
                                 const AttentionConfig& config,
                                 int64_t heads) {
  const auto [kind, eps] = config.norm;
  if (kind == QkNorm::none) return std::nullopt;
  if (kind == QkNorm::whole)
    return RmsNorm(scope, heads * config.head_width, eps);
  return RmsNorm::over_heads(
      scope, heads, config.head_width, eps, kind == QkNorm::heads_minus_one);
}

}  // namespace

Tensor attend(const Tensor& q_SHd,
              const Tensor& k_SKd,
              const Tensor& v_SKd,
              const AttentionCore& core,
              const AttentionCall& call,
              int64_t layer) {
  const Tensor q_BTHd = call.layout.to_grid(q_SHd);
  Tensor k_BTKd = call.layout.to_grid(k_SKd);
  Tensor v_BTKd = call.layout.to_grid(v_SKd);
  auto [k_BKLd, v_BKLd] =
      call.cache != nullptr
          ? call.cache->append(layer, k_BTKd, v_BTKd, call.layout)
          : std::pair(k_BTKd.transpose(1, 2), v_BTKd.transpose(1, 2));
  const Tensor& mask = call.layout.mask(core.window, q_SHd.scalar_type());
  const Tensor o_BTD = attend_in_blocks(q_BTHd, k_BKLd, v_BKLd, mask, core);
  return call.layout.to_packed(o_BTD);
}

GroupedAttention::GroupedAttention(const WeightScope& scope,
                                   const AttentionConfig& config,
                                   int64_t layer)
    : config_(config),
      layer_(layer),
      site_(scope.site(config.width)),
      q_proj_(scope / "q_proj",
              config.width,
              config.heads * config.head_width,
              config.qkv_bias),
      k_proj_(scope / "k_proj",
              config.width,
              config.kv_heads * config.head_width,
              config.qkv_bias),
      v_proj_(scope / "v_proj",
              config.width,
              config.kv_heads * config.head_width,
              config.qkv_bias),
      o_proj_(scope / "o_proj",
              config.heads * config.head_width,
              config.width,
              config.output_bias) {
  q_norm_ = make_norm(scope / "q_norm", config, config.heads);
  k_norm_ = make_norm(scope / "k_norm", config, config.kv_heads);
}

// The queries, or keys, of x_SD as heads, with their norm where there is one.
Tensor GroupedAttention::normed(const std::optional<RmsNorm>& norm,
                                const Tensor& x_SD,
                                Pass& pass) const {
  const std::vector<int64_t> heads = {x_SD.size(0), -1, config_.head_width};
  if (!norm) return x_SD.view(heads);
  if (config_.norm.kind == QkNorm::whole)
    return (*norm)(x_SD, pass).view(heads);
  return norm->of_heads(x_SD.view(heads), pass);
}

Tensor GroupedAttention::operator()(const Tensor& x_SD,
                                    const AttentionCall& call,
                                    Pass& pass) const {
  const Tensor q_SHd = normed(q_norm_, q_proj_(x_SD, pass), pass);
  const Tensor k_SKd = normed(k_norm_, k_proj_(x_SD, pass), pass);
  const Tensor v_SKd =
      v_proj_(x_SD, pass).view({x_SD.size(0), -1, config_.head_width});
  const Tensor o_SD = attend(rotate_part(q_SHd, call.angles),
                             rotate_part(k_SKd, call.angles),
                             v_SKd,
                             config_.core,
                             call,
                             layer_);
  return pass.visit(site_, o_proj_(o_SD, pass));
}

}  // namespace lineas
