// Which tokens (or pixels) of a tensor belong to which row of the call: the one
// answer for every layout. Made once a call for each kind of tensor, and kept
// with what was worked out, by the call's PassContext.
#pragma once

#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "lineas/tensor/tensor.h"

namespace lineas {

struct RowView;
struct PassContext;

/// What the rows of a call count on a tensor's first axis: packed tokens, or
/// the entries of a batch.
enum class Axis { tokens, entries };
/// Where a tensor has its neurons: in the last dimension (x_SD, x_BTD, x_BD,
/// x_BTHd), or in the second (x_BCHW). Said by the kind of module, not by rank.
enum class Layout { channels_last, channels_first };

/// A stretch of packed tokens.
struct TokenRange {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};

/// Every tensor of a call is a list of tokens x_SD in the order of its first
/// axis, S = all tokens or pixels of all entries; an entry of x_BD is one
/// token.
class RowAxis {
 public:
  RowAxis(const PassContext& context, const Tensor& x);

  at::Device device() const { return device_; }
  int64_t rows() const { return static_cast<int64_t>(ranges_.size()); }  // B
  int64_t tokens() const { return tokens_; }                             // S
  /// Of one entry: the pixels of a picture; 1 where the axis is packed.
  int64_t entry_tokens() const { return entry_tokens_; }
  /// The tokens of a row, all its entries together.
  const TokenRange& range(int64_t row) const { return ranges_[row]; }
  /// The tokens that have an order of their own: a packed row, or each entry
  /// of a row. `last` and token scopes mean their ends.
  const std::vector<TokenRange>& stretches(int64_t row) const {
    return stretches_[row];
  }

  /// Row of every token (int64), rows() for a token of none.
  const Tensor& row_of_token_S() const;
  /// Last token of every stretch (int64).
  const Tensor& last_tokens() const;
  /// The mean token of every row in float32 (double stays), differentiable.
  Tensor mean_BD(const Tensor& x) const;

  /// x as tokens x_SD, and back to the layout of `like`.
  Tensor to_tokens(const Tensor& x) const;
  Tensor from_tokens(const Tensor& x_SD, const Tensor& like) const;
  /// values_D, or values_ED with a row for each entry of x's first axis, in a
  /// shape that broadcasts over x.
  Tensor over_neurons(const Tensor& values, const Tensor& x) const;
  /// False for the pixels of a picture, which have no first and no last.
  bool has_order() const { return layout_ == Layout::channels_last; }

 private:
  const Tensor& averages_BS(const Tensor& like) const;

  Layout layout_;
  at::Device device_;
  int64_t tokens_ = 0, entry_tokens_ = 1;
  bool is_grid_ = false;  // every row has equally many tokens, none is outside
  std::vector<TokenRange> ranges_;
  std::vector<std::vector<TokenRange>> stretches_;
  mutable Tensor row_of_token_S_, last_tokens_, averages_BS_;
};

/// The axes of one call, by kind of tensor.
class RowAxes {
 public:
  const RowAxis& of(const PassContext& context, const Tensor& x);

 private:
  // Length of the first axis, tokens of an entry, layout, device.
  using Key = std::tuple<int64_t, int64_t, Layout, at::DeviceType, int>;
  std::map<Key, RowAxis> axes_;
};

}  // namespace lineas
