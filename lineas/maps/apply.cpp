// Suffixes: S tokens, N units of a plan (see token_plan.h), B rows, D neurons.
#include "lineas/maps/apply.h"

#include "lineas/kernels/fused.h"

namespace lineas {
namespace {

at::ScalarType wide_type(const Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

// Where nothing is to be done a dispatched `to` would cost as much as a token.
Tensor as(const Tensor& values, at::ScalarType type) {
  return values.scalar_type() == type ? values : values.to(type);
}

Tensor is_inside(const Tensor& wide, const Tensor& low, const Tensor& high) {
  return (wide > low).logical_and(wide < high);
}

// Tokens x_ND; the map is [D] or [N, D]. With [D], x may have more dimensions.
Tensor move_tokens(const Tensor& x_ND, const AffineMap& map) {
  const at::ScalarType type = wide_type(x_ND);
  const Tensor moved_ND =
      scale_and_shift(x_ND, as(map.scale_D, type), as(map.shift_D, type));
  if (!map.support) return moved_ND;
  const Tensor inside = is_inside(x_ND.to(type),
                                  as(map.support->low_D, type),
                                  as(map.support->high_D, type));
  return at::where(inside, moved_ND, x_ND);
}

// The map spread over a tensor as it lies, one for all entries or one for each.
Tensor move_entries(const Tensor& x,
                    const AffineMap& map,
                    const RowAxis& axis) {
  const at::ScalarType type = wide_type(x);
  const auto spread = [&](const Tensor& values) {
    return axis.over_neurons(values.to(type), x);
  };
  const Tensor wide = x.to(type);
  const Tensor moved =
      at::addcmul(spread(map.shift_D), wide, spread(map.scale_D))
          .to(x.scalar_type());
  if (!map.support) return moved;
  const Tensor inside =
      is_inside(wide, spread(map.support->low_D), spread(map.support->high_D));
  return at::where(inside, moved, x);
}

Tensor apply_to_entries(const Tensor& x,
                        const AffineMap& map,
                        const RowAxis& axis) {
  if (!axis.has_order()) return move_entries(x, map, axis);
  if (map.scale_D.dim() == 1) return move_tokens(x, map);
  if (axis.entry_tokens() > 1) return move_entries(x, map, axis);
  return axis.from_tokens(move_tokens(axis.to_tokens(x), map), x);
}

Tensor apply_to_tokens(const Tensor& x,
                       const AffineMap& map,
                       const TokenPlan& plan) {
  const Tensor x_SD = plan.axis().to_tokens(x);
  const Tensor& tokens_A = plan.tokens_A();
  const Tensor moved_AD = move_tokens(x_SD.index_select(0, tokens_A), map);
  return plan.axis().from_tokens(x_SD.index_copy(0, tokens_A, moved_AD), x);
}

// x + T(m) - m = x + (scale - 1) m + shift.
Tensor apply_to_means(const Tensor& x,
                      const AffineMap& map,
                      const TokenPlan& plan) {
  const at::ScalarType type = wide_type(x);
  const Tensor mean_BD = plan.mean_BD(x);
  Tensor moved_BD =
      at::addcmul(as(map.shift_D, type), mean_BD, as(map.scale_D, type) - 1);
  if (map.support)
    moved_BD = moved_BD.masked_fill(is_inside(mean_BD,
                                              as(map.support->low_D, type),
                                              as(map.support->high_D, type))
                                        .logical_not(),
                                    0);
  return plan.add_to_rows(x, moved_BD);
}

}  // namespace

Tensor apply_map(const Tensor& x, const AffineMap& map, const TokenPlan& plan) {
  if (plan.is_empty()) return x;
  if (plan.rules().position == Position::avg)
    return apply_to_means(x, map, plan);
  const bool is_one = map.scale_D.dim() == 1;
  return (is_one ? plan.is_everything() : plan.by_entries())
             ? apply_to_entries(x, map, plan.axis())
             : apply_to_tokens(x, map, plan);
}

Tensor apply_map(const Tensor& x,
                 const Tensor& scale,
                 const Tensor& shift,
                 Position position,
                 const PassContext& context) {
  const TokenPlan plan({.position = position}, context, context.row_axis(x));
  return apply_map(x, {scale, shift}, plan);
}

}  // namespace lineas
