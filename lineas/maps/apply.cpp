#include "lineas/maps/apply.h"

#include "lineas/base/error.h"
#include "lineas/kernels/fused.h"
#include "lineas/tap/pool.h"

namespace lineas {
namespace {

// [D] -> a shape that broadcasts over x_BCHW's channels.
Tensor over_channels(const Tensor& values_D) {
  return values_D.view({1, -1, 1, 1});
}

Tensor apply_everywhere(const Tensor& x,
                        const Tensor& scale,
                        const Tensor& shift) {
  if (x.dim() != 4) return scale_and_shift(x, scale, shift);
  return at::addcmul(
             over_channels(shift), x.to(at::kFloat), over_channels(scale))
      .to(x.scalar_type());
}

// Packed index of every row's last token.
Tensor last_tokens(const PassContext& context, at::Device device) {
  std::vector<int64_t> last;
  for (const RowView& row : context.rows) last.push_back(row.end - 1);
  return at::tensor(last, at::kLong).to(device);
}

Tensor apply_to_last(const Tensor& x,
                     const Tensor& scale,
                     const Tensor& shift,
                     const PassContext& context) {
  if (x.dim() == 4)
    fail(ErrorKind::unsupported,
         "position \"last\" has no meaning for a picture; use all or avg");
  if (x.dim() == 3) {
    const int64_t t = x.size(1) - 1;
    const Tensor last_BD = scale_and_shift(x.select(1, t), scale, shift);
    return at::select_scatter(x, last_BD, 1, t);
  }
  const Tensor index_B = last_tokens(context, x.device());
  const auto rows_of = [&index_B](const Tensor& values) {
    return values.dim() == 1 ? values : values.index_select(0, index_B);
  };
  const Tensor last_BD = scale_and_shift(
      x.index_select(0, index_B), rows_of(scale), rows_of(shift));
  return x.index_copy(0, index_B, last_BD);
}

// The row of every packed token.
Tensor row_of_token(const PassContext& context, at::Device device) {
  std::vector<int64_t> rows;
  for (size_t b = 0; b < context.rows.size(); ++b)
    rows.insert(rows.end(), context.rows[b].size(), static_cast<int64_t>(b));
  return at::tensor(rows, at::kLong).to(device);
}

// x + T(m) - m = x + (scale - 1) m + shift.
Tensor apply_to_average(const Tensor& x,
                        const Tensor& scale,
                        const Tensor& shift,
                        const PassContext& context) {
  const Tensor wide = x.to(at::kFloat);
  Tensor moved;
  if (x.dim() == 4) {
    const Tensor mean = wide.mean({2, 3}, /*keepdim=*/true);
    moved = wide + mean * over_channels(scale - 1) + over_channels(shift);
  } else if (x.dim() == 3) {
    moved = wide + wide.mean(1, /*keepdim=*/true) * (scale - 1) + shift;
  } else {
    const Tensor mean_BD = pool(x, context.rows, Pooling::mean);
    const Tensor mean_SD =
        mean_BD.index_select(0, row_of_token(context, x.device()));
    moved = wide + mean_SD * (scale - 1) + shift;
  }
  return moved.to(x.scalar_type());
}

}  // namespace

Tensor apply_map(const Tensor& x,
                 const Tensor& scale,
                 const Tensor& shift,
                 Position position,
                 const PassContext& context) {
  switch (position) {
    case Position::all:
      return apply_everywhere(x, scale, shift);
    case Position::last:
      return apply_to_last(x, scale, shift, context);
    case Position::avg:
      return apply_to_average(x, scale, shift, context);
  }
  fail(ErrorKind::usage, "unknown position");
}

}  // namespace lineas
