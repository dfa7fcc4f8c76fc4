// Both ways work on grouped heads: the G query heads of one key head stand
// together, N = B K of such groups stand one behind the other.
#include "lineas/kernels/attention.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>

namespace lineas {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Queries go through in blocks of this many tokens, so that a long prompt never
// holds all of its T x L scores.
constexpr int64_t kQueryBlock = 256;

struct Groups {
  Tensor q_NGTd, k_NLd, v_NLd;
  Tensor mask;  // [N or 1, G or 1, T or 1, L], or undefined
};

// [B or 1, H or 1, T or 1, L] -> [N or 1, G or 1, T or 1, L].
Tensor group_mask(const Tensor& mask, int64_t B, int64_t K) {
  if (!mask.defined() || (mask.size(0) == 1 && mask.size(1) == 1)) return mask;
  const Tensor by_key_head =
      mask.size(1) == 1
          ? mask.unsqueeze(1)
          : mask.unflatten(1, at::IntArrayRef{K, mask.size(1) / K});
  return by_key_head.expand({B, K, -1, -1, -1}).flatten(0, 1);
}

Groups group_heads(const Tensor& q_BTHd,
                   const Tensor& k_BLKd,
                   const Tensor& v_BLKd,
                   const Tensor& mask) {
  const int64_t B = k_BLKd.size(0), K = k_BLKd.size(2);
  const Tensor q_BTKGd =
      q_BTHd.unflatten(2, at::IntArrayRef{K, q_BTHd.size(2) / K});
  return {q_BTKGd.permute({0, 2, 3, 1, 4}).flatten(0, 1),
          k_BLKd.transpose(1, 2).flatten(0, 1),
          v_BLKd.transpose(1, 2).flatten(0, 1),
          group_mask(mask, B, K)};
}

Tensor ungroup_heads(const Tensor& o_NGTd, int64_t B) {
  return o_NGTd.unflatten(0, at::IntArrayRef{B, o_NGTd.size(0) / B})
      .permute({0, 3, 1, 2, 4})
      .flatten(2, 3);
}

// q_BHTd, k_BHLd, v_BHLd of equally many heads. Written for heads that share
// their keys by repeating them with stride 0.
Tensor attend_in_aten(const Tensor& q,
                      const Tensor& k,
                      const Tensor& v,
                      const AttentionOptions& options) {
  const auto mask =
      options.mask.defined() ? std::optional(options.mask) : std::nullopt;
  return at::scaled_dot_product_attention(
      q, k, v, mask, /*dropout_p=*/0, options.causal, options.scale);
}

Tensor attend_groups_in_aten(const Groups& groups, AttentionOptions options) {
  const auto& [q_NGTd, k_NLd, v_NLd, mask] = groups;
  options.mask = mask;
  if (q_NGTd.size(2) > 1) {
    const auto repeat = [&](const Tensor& x) {
      return x.unsqueeze(1).expand({-1, q_NGTd.size(1), -1, -1});
    };
    return attend_in_aten(q_NGTd, repeat(k_NLd), repeat(v_NLd), options);
  }
  // One token: the heads of a group become the queries of one head, and its
  // keys are read once.
  if (mask.defined()) options.mask = mask.transpose(1, 2);
  options.causal = false;
  const Tensor o_N1Gd = attend_in_aten(
      q_NGTd.transpose(1, 2), k_NLd.unsqueeze(1), v_NLd.unsqueeze(1), options);
  return o_N1Gd.transpose(1, 2);
}

// `tokens` of the queries, from `begin` on, and the first `keys` keys.
struct Block {
  int64_t begin, tokens, keys;
};

std::vector<Block> cut_blocks(const Groups& groups, bool causal) {
  const int64_t T = groups.q_NGTd.size(2), L = groups.k_NLd.size(1);
  std::vector<Block> blocks;
  for (int64_t t = 0; t < T; t += kQueryBlock) {
    const int64_t tokens = std::min(kQueryBlock, T - t);
    blocks.push_back({t, tokens, causal ? t + tokens : L});
  }
  return blocks;
}

Groups part_of(const Groups& groups, const Block& block) {
  Tensor mask = groups.mask;
  if (mask.defined()) {
    mask = mask.narrow(3, 0, block.keys);
    if (mask.size(2) > 1) mask = mask.narrow(2, block.begin, block.tokens);
  }
  return {groups.q_NGTd.narrow(2, block.begin, block.tokens),
          groups.k_NLd.narrow(1, 0, block.keys),
          groups.v_NLd.narrow(1, 0, block.keys),
          mask};
}

Tensor hidden_future(const Block& block, const at::TensorOptions& like) {
  return at::full({block.tokens, block.keys},
                  -std::numeric_limits<double>::infinity(),
                  like)
      .triu(block.begin + 1);
}

Tensor attend_block(const Groups& part,
                    const Block& block,
                    const AttentionOptions& options) {
  const auto& [q_NGTd, k_NLd, v_NLd, mask] = part;
  const Tensor q = (q_NGTd * options.scale).flatten(1, 2);
  Tensor scores_NGTL = at::bmm(q, k_NLd.transpose(1, 2))
                           .view({q.size(0), -1, block.tokens, block.keys});
  if (options.soft_cap > 0)
    scores_NGTL = (scores_NGTL / options.soft_cap).tanh() * options.soft_cap;
  if (options.causal && block.tokens > 1)
    scores_NGTL = scores_NGTL + hidden_future(block, q.options());
  if (mask.defined()) scores_NGTL = scores_NGTL + mask;
  const at::ScalarType wide =
      q.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const Tensor weights_NGTL =
      at::softmax(scores_NGTL, -1, wide).to(v_NLd.scalar_type());
  return at::bmm(weights_NGTL.flatten(1, 2), v_NLd).view(q_NGTd.sizes());
}

Tensor attend_block_by_block(const Groups& groups,
                             const AttentionOptions& options) {
  std::vector<Tensor> blocks;
  for (const Block& block : cut_blocks(groups, options.causal))
    blocks.push_back(attend_block(part_of(groups, block), block, options));
  return blocks.size() == 1 ? blocks[0] : at::cat(blocks, 2);
}

// Keeps no scores for the backward: every block is made once more there.
struct RemadeBlocks : Function<RemadeBlocks> {
  static Tensor forward(AutogradContext* context,
                        const Tensor& q_NGTd,
                        const Tensor& k_NLd,
                        const Tensor& v_NLd,
                        const AttentionOptions& options) {
    context->save_for_backward({q_NGTd, k_NLd, v_NLd, options.mask});
    context->saved_data["scale"] = options.scale;
    context->saved_data["soft_cap"] = options.soft_cap;
    context->saved_data["causal"] = options.causal;
    return attend_block_by_block({q_NGTd, k_NLd, v_NLd, options.mask}, options);
  }

  static variable_list backward(AutogradContext* context,
                                variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const AttentionOptions options{
        .scale = context->saved_data["scale"].toDouble(),
        .soft_cap = context->saved_data["soft_cap"].toDouble(),
        .causal = context->saved_data["causal"].toBool()};
    const Groups groups{saved[0], saved[1], saved[2], saved[3]};
    const Tensor dq_NGTd = at::empty_like(saved[0]);
    const Tensor dk_NLd = at::zeros_like(saved[1]);
    const Tensor dv_NLd = at::zeros_like(saved[2]);
    for (const Block& block : cut_blocks(groups, options.causal)) {
      const variable_list parts =
          block_gradients(part_of(groups, block), block, options, gradients[0]);
      dq_NGTd.narrow(2, block.begin, block.tokens).copy_(parts[0]);
      dk_NLd.narrow(1, 0, block.keys).add_(parts[1]);
      dv_NLd.narrow(1, 0, block.keys).add_(parts[2]);
    }
    return {dq_NGTd, dk_NLd, dv_NLd, Tensor()};
  }

  static variable_list block_gradients(Groups part,
                                       const Block& block,
                                       const AttentionOptions& options,
                                       const Tensor& do_NGTd) {
    const at::AutoGradMode with_gradients(true);
    for (Tensor* x : {&part.q_NGTd, &part.k_NLd, &part.v_NLd})
      *x = x->detach().requires_grad_(true);
    return torch::autograd::grad(
        {attend_block(part, block, options)},
        {part.q_NGTd, part.k_NLd, part.v_NLd},
        {do_NGTd.narrow(2, block.begin, block.tokens)});
  }
};

Tensor attend_groups_in_blocks(const Groups& groups, AttentionOptions options) {
  options.mask = groups.mask;
  const bool remakes =
      c10::GradMode::is_enabled() && groups.q_NGTd.size(2) > kQueryBlock;
  return remakes ? RemadeBlocks::apply(
                       groups.q_NGTd, groups.k_NLd, groups.v_NLd, options)
                 : attend_block_by_block(groups, options);
}

}  // namespace

Tensor attend(const Tensor& q_BTHd,
              const Tensor& k_BLKd,
              const Tensor& v_BLKd,
              const AttentionOptions& options) {
  // ATen's kernels on CUDA give gradients that differ from run to run.
  const bool in_aten = q_BTHd.is_cpu() && options.soft_cap <= 0;
  if (in_aten && q_BTHd.size(2) == k_BLKd.size(2))
    return attend_in_aten(q_BTHd.transpose(1, 2),
                          k_BLKd.transpose(1, 2),
                          v_BLKd.transpose(1, 2),
                          options)
        .transpose(1, 2);
  const Groups groups = group_heads(q_BTHd, k_BLKd, v_BLKd, options.mask);
  const Tensor o_NGTd = in_aten ? attend_groups_in_aten(groups, options)
                                : attend_groups_in_blocks(groups, options);
  return ungroup_heads(o_NGTd, q_BTHd.size(0));
}

}  // namespace lineas
