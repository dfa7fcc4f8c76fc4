// Which tokens of a call a map acts on, and which of several maps each takes:
// position, token scope, guidance half and the rows' own maps put together.
// Where rows lie is the RowAxis' to say; knows nothing of maps' values.
#pragma once

#include <span>
#include <vector>

#include "lineas/maps/map_set.h"

namespace lineas {

/// A stretch of one row's tokens, the row's place in the call, and the number
/// of the map that they take.
struct TokenSpan {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t row = 0;
  int64_t number = 0;
  bool operator==(const TokenSpan&) const = default;
};

/// Made once a call for every kind of tensor; its index tensors where they are
/// first asked for. The axis must outlive it.
class TokenPlan {
 public:
  /// `number_of_row`: the map of every row of the call, 0 for none; empty: all
  /// take number 1. Throws usage for position `last` or a token scope where
  /// tokens have no order (the pixels of a picture).
  TokenPlan(const MapRules& rules,
            const PassContext& context,
            const RowAxis& axis,
            std::span<const int64_t> number_of_row = {});

  const RowAxis& axis() const { return axis_; }
  const MapRules& rules() const { return rules_; }
  const std::vector<TokenSpan>& spans() const { return spans_; }
  bool is_empty() const { return spans_.empty(); }
  /// Every token of the tensor is acted on.
  bool is_everything() const { return covered_ == axis_.tokens(); }

  /// The number of the one map that may be given as it is, or -1: a map for
  /// each unit is needed.
  int64_t common() const;
  /// A unit takes one map: a row (position avg), an entry of the tensor's first
  /// axis (`by_entries`), or a token that is acted on.
  bool by_entries() const { return by_entries_; }
  /// The map's number of every unit; 0 where none acts.
  const std::vector<int64_t>& numbers() const;

  /// The tokens that are acted on (int64), span behind span.
  const Tensor& tokens_A() const;
  /// The mean of every row's tokens that are acted on, in float32 (double
  /// stays). What it is for a row without any means nothing.
  Tensor mean_BD(const Tensor& x) const;
  /// values_BD of the rows added to the tokens that are acted on.
  Tensor add_to_rows(const Tensor& x, const Tensor& values_BD) const;

 private:
  std::vector<int64_t> fill(int64_t TokenSpan::*value,
                            int64_t outside,
                            int64_t step) const;
  std::vector<int64_t> make_numbers() const;
  const Tensor& row_of_unit() const;
  const Tensor& averages_BS(at::ScalarType type) const;

  MapRules rules_;
  const RowAxis& axis_;
  at::Device device_;
  std::vector<TokenSpan> spans_;
  int64_t covered_ = 0;
  int64_t shared_ = 0;    // number of all spans, or -1
  bool is_whole_ = true;  // stretches are acted on whole or not at all
  bool by_entries_ = false;
  mutable std::vector<int64_t> numbers_;
  mutable Tensor tokens_A_, row_of_unit_, averages_BS_;
};

}  // namespace lineas
