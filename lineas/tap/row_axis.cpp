// Suffixes: S tokens, B rows, D neurons, T tokens of a row.
#include "lineas/tap/row_axis.h"

#include <algorithm>

#include "lineas/tap/tap.h"

namespace lineas {
namespace {

// Tokens of one entry of the first axis.
int64_t entry_tokens_of(const Tensor& x, Layout layout) {
  const auto sizes = x.sizes();
  const size_t neurons = layout == Layout::channels_last ? sizes.size() - 1 : 1;
  int64_t count = 1;
  for (size_t d = 1; d < sizes.size(); ++d)
    if (d != neurons) count *= sizes[d];
  return count;
}

// What sums are formed in.
at::ScalarType wide_type(const Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

}  // namespace

RowAxis::RowAxis(const PassContext& context, const Tensor& x)
    : layout_(context.layout),
      device_(x.device()),
      entry_tokens_(entry_tokens_of(x, context.layout)) {
  tokens_ = x.size(0) * entry_tokens_;
  const bool is_packed = context.axis == Axis::tokens;
  int64_t next = 0;
  is_grid_ = !is_packed;
  for (const RowView& row : context.rows) {
    const TokenRange range{row.begin * entry_tokens_, row.end * entry_tokens_};
    is_grid_ = is_grid_ && range.begin == next &&
               (ranges_.empty() || range.size() == ranges_[0].size());
    next = range.end;
    ranges_.push_back(range);
    std::vector<TokenRange>& stretches = stretches_.emplace_back();
    const int64_t step = is_packed ? range.size() : entry_tokens_;
    for (int64_t begin = range.begin; begin < range.end; begin += step)
      stretches.push_back({begin, begin + step});
  }
  is_grid_ = is_grid_ && next == tokens_;
}

const Tensor& RowAxis::row_of_token_S() const {
  if (row_of_token_S_.defined()) return row_of_token_S_;
  Tensor rows_S = at::full({tokens_}, rows(), at::kLong);
  int64_t* values = rows_S.mutable_data_ptr<int64_t>();
  for (int64_t b = 0; b < rows(); ++b)
    std::fill(values + ranges_[b].begin, values + ranges_[b].end, b);
  return row_of_token_S_ = rows_S.to(device_);
}

const Tensor& RowAxis::last_tokens() const {
  if (last_tokens_.defined()) return last_tokens_;
  std::vector<int64_t> last;
  for (const auto& stretches : stretches_)
    for (const TokenRange& stretch : stretches) last.push_back(stretch.end - 1);
  return last_tokens_ = at::tensor(last, at::kLong).to(device_);
}

// averages_BS @ x_SD is the mean of every row: one product, whose gradient is
// one product too, where a loop would launch a kernel a row.
const Tensor& RowAxis::averages_BS(const Tensor& like) const {
  if (averages_BS_.defined() && averages_BS_.scalar_type() == wide_type(like))
    return averages_BS_;
  Tensor weights_BS = at::zeros({rows(), tokens_}, at::kFloat);
  float* weights = weights_BS.mutable_data_ptr<float>();
  for (int64_t b = 0; b < rows(); ++b)
    std::fill(weights + b * tokens_ + ranges_[b].begin,
              weights + b * tokens_ + ranges_[b].end,
              1.0f / static_cast<float>(ranges_[b].size()));
  if (wide_type(like) == at::kDouble) {
    weights_BS = weights_BS.to(at::kDouble);
    weights_BS = weights_BS / weights_BS.sum(1, /*keepdim=*/true);
  }
  return averages_BS_ = weights_BS.to(device_);
}

Tensor RowAxis::mean_BD(const Tensor& x) const {
  const at::ScalarType type = wide_type(x);
  if (!is_grid_) return at::matmul(averages_BS(x), to_tokens(x).to(type));
  // Every entry's own mean first: no copy of a picture's pixels.
  const int64_t entries = x.size(0);
  const Tensor mean =
      layout_ == Layout::channels_last
          ? x.reshape({entries, -1, x.size(-1)}).mean(1, false, type)
          : x.reshape({entries, x.size(1), -1}).mean(2, false, type);
  if (entries == rows()) return mean;
  return mean.view({rows(), entries / rows(), -1}).mean(1);
}

Tensor RowAxis::to_tokens(const Tensor& x) const {
  if (layout_ == Layout::channels_last) return x.reshape({tokens_, x.size(-1)});
  return x.movedim(1, -1).reshape({tokens_, x.size(1)});
}

Tensor RowAxis::from_tokens(const Tensor& x_SD, const Tensor& like) const {
  if (layout_ == Layout::channels_last) return x_SD.reshape(like.sizes());
  std::vector<int64_t> sizes = like.sizes().vec();
  const int64_t neurons = sizes[1];
  sizes.erase(sizes.begin() + 1);
  sizes.push_back(neurons);
  return x_SD.view(sizes).movedim(-1, 1);
}

Tensor RowAxis::over_neurons(const Tensor& values, const Tensor& x) const {
  const bool is_by_entry = values.dim() == 2;
  if (layout_ == Layout::channels_last && !is_by_entry) return values;
  std::vector<int64_t> shape(x.dim(), 1);
  if (is_by_entry) shape[0] = values.size(0);
  shape[layout_ == Layout::channels_last ? x.dim() - 1 : 1] = values.size(-1);
  return values.view(shape);
}

const RowAxis& RowAxes::of(const PassContext& context, const Tensor& x) {
  const Key key{x.size(0),
                entry_tokens_of(x, context.layout),
                context.layout,
                x.device().type(),
                x.device().index()};
  const auto found = axes_.find(key);
  if (found != axes_.end()) return found->second;
  return axes_.emplace(key, RowAxis(context, x)).first->second;
}

}  // namespace lineas
