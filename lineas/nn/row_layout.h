// How the rows of a call lie on the packed token axis, and how they are spread
// into a grid where attention needs one: made once a call, shared by all
// layers.
#pragma once

#include <map>

#include "lineas/tap/tap.h"

namespace lineas {

class RowLayout {
 public:
  RowLayout(std::span<const RowView> rows, at::Device device);

  int64_t tokens() const { return tokens_; }    // S
  int64_t rows() const { return rows_; }        // B
  int64_t longest() const { return longest_; }  // T
  /// Position of every packed token in its own row (int64).
  const Tensor& positions_S() const { return positions_S_; }
  /// Keys that the furthest token may see: its position + 1.
  int64_t last_key() const { return last_key_; }
  /// First position of every row.
  const std::vector<int64_t>& starts() const { return starts_; }
  bool starts_are_equal() const;

  /// x_S... -> x_BT...; cells behind a row's end hold some token of that row.
  Tensor to_grid(const Tensor& x) const;
  /// The inverse: x_BT... -> x_S..., dropping those cells.
  Tensor to_packed(const Tensor& x) const;

  /// Whether mask() says no more than that query t sees the keys 0 ... t.
  bool sees_just_its_past(int64_t window) const;

  /// Additive mask: 0 where query (b, t) may see key l, else -inf; shape
  /// [B or 1, 1, T, L], L = last_key(). Causal; with a `window` > 0 only the
  /// last `window` keys (HF sliding_window). Undefined tensor: nothing is
  /// hidden.
  const Tensor& mask(int64_t window, at::ScalarType dtype) const;

 private:
  Tensor make_mask(int64_t window, at::ScalarType dtype) const;

  at::Device device_;
  int64_t tokens_ = 0;
  int64_t rows_ = 0;
  int64_t longest_ = 0;
  int64_t last_key_ = 0;
  std::vector<int64_t> starts_;
  Tensor positions_S_;
  bool is_grid_ = true;   // all rows equally long: a reshape is enough
  Tensor token_of_cell_;  // [B T] -> packed index
  Tensor cell_of_token_;  // [S] -> grid index
  mutable std::map<std::pair<int64_t, int>, Tensor> masks_;
};

}  // namespace lineas
