#include "lineas/nn/row_layout.h"

#include <algorithm>
#include <limits>

#include "lineas/kernels/fused.h"

namespace lineas {

RowLayout::RowLayout(std::span<const RowView> rows, at::Device device)
    : device_(device), rows_(static_cast<int64_t>(rows.size())) {
  for (const RowView& row : rows) {
    tokens_ += row.size();
    longest_ = std::max(longest_, row.size());
    last_key_ = std::max(last_key_, row.position + row.size());
    starts_.push_back(row.position);
  }
  std::vector<int64_t> positions, cell_of_token;
  std::vector<int64_t> token_of_cell(rows_ * longest_, 0);
  for (int64_t b = 0; b < rows_; ++b) {
    is_grid_ = is_grid_ && rows[b].size() == longest_;
    // Of the row itself: what is not finite in one row stays there.
    if (rows[b].size() > 0)
      std::fill_n(
          token_of_cell.begin() + b * longest_, longest_, rows[b].begin);
    for (int64_t t = 0; t < rows[b].size(); ++t) {
      positions.push_back(rows[b].position + t);
      cell_of_token.push_back(b * longest_ + t);
      token_of_cell[b * longest_ + t] = rows[b].begin + t;
    }
  }
  positions_S_ = at::tensor(positions, at::kLong).to(device);
  if (is_grid_) return;
  cell_of_token_ = at::tensor(cell_of_token, at::kLong).to(device);
  token_of_cell_ = at::tensor(token_of_cell, at::kLong).to(device);
}

bool RowLayout::starts_are_equal() const {
  return std::adjacent_find(starts_.begin(),
                            starts_.end(),
                            std::not_equal_to<>()) == starts_.end();
}

Tensor RowLayout::to_grid(const Tensor& x) const {
  std::vector<int64_t> shape = x.sizes().vec();
  shape[0] = longest_;
  shape.insert(shape.begin(), rows_);
  const Tensor cells =
      is_grid_ ? x : gather_rows(x, token_of_cell_, cell_of_token_);
  return cells.reshape(shape);
}

Tensor RowLayout::to_packed(const Tensor& x) const {
  const Tensor cells = x.flatten(0, 1);
  return is_grid_ ? cells : gather_rows(cells, cell_of_token_, token_of_cell_);
}

bool RowLayout::sees_just_its_past(int64_t window) const {
  return starts_are_equal() && last_key_ == longest_ &&
         (window <= 0 || window >= last_key_);
}

const Tensor& RowLayout::mask(int64_t window, at::ScalarType dtype) const {
  Tensor& mask = masks_[{window, static_cast<int>(dtype)}];
  const bool one_token_sees_all = longest_ == 1 && starts_are_equal() &&
                                  (window <= 0 || last_key_ <= window);
  if (!mask.defined() && !one_token_sees_all) mask = make_mask(window, dtype);
  return mask;
}

Tensor RowLayout::make_mask(int64_t window, at::ScalarType dtype) const {
  const Tensor starts_B = starts_are_equal()
                              ? at::tensor({starts_[0]}, at::kLong)
                              : at::tensor(starts_, at::kLong);
  const Tensor query_B1 = starts_B.view({-1, 1}) + at::arange(longest_);
  const Tensor distance_BTL = query_B1.unsqueeze(-1) - at::arange(last_key_);
  Tensor hidden_BTL = distance_BTL < 0;
  if (window > 0) hidden_BTL = hidden_BTL.logical_or(distance_BTL >= window);
  const Tensor mask_BTL =
      at::zeros(hidden_BTL.sizes(), at::kFloat)
          .masked_fill(hidden_BTL, -std::numeric_limits<float>::infinity());
  return mask_BTL.unsqueeze(1).to(device_, dtype);
}

}  // namespace lineas
