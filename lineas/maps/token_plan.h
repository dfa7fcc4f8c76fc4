// Which tokens of a call a map acts on, and how strongly: position, token
// scope, guidance half and row strength put together. Knows the tensor layouts,
// nothing of maps' values.
#pragma once

#include "lineas/maps/map_set.h"

namespace lineas {

/// x_SD, x_BTD or x_BCHW as packed tokens x_SD (S = all tokens or pixels).
Tensor to_tokens(const Tensor& x);
/// The inverse, in the layout of `like`.
Tensor from_tokens(const Tensor& x_SD, const Tensor& like);

/// A stretch of one row's packed tokens and the factor (by its place in a
/// list) that they are mapped with.
struct TokenSpan {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t factor = 0;
  bool operator==(const TokenSpan&) const = default;
};

/// The spans of a call, worked out once a call and kept while calls look alike.
class TokenPlan {
 public:
  /// Factor 0 of the list means "not at all": its rows get no span.
  /// `factor_of_row`: by row number; empty: factor 1 for all.
  TokenPlan(MapRules rules, std::vector<int64_t> factor_of_row)
      : rules_(rules), factor_of_row_(std::move(factor_of_row)) {}

  const MapRules& rules() const { return rules_; }
  /// Brings the spans up to date with this call's rows and x's layout. Throws
  /// usage for position `last` or a token scope on pictures, and for a row
  /// that has no factor.
  void update(const Tensor& x, const PassContext& context);

  const std::vector<TokenSpan>& spans() const { return spans_; }
  /// The factor that all tokens share, or -1.
  int64_t common_factor() const { return common_factor_; }
  /// True where every span is one token: decoding.
  bool is_tokenwise() const { return is_tokenwise_; }
  /// Grows whenever the spans change.
  int64_t version() const { return version_; }

  /// Factor of every token (int64, 0 outside the spans).
  Tensor factors_S(at::Device device) const;
  /// Factor of every span.
  Tensor factors_P(at::Device device) const;
  /// averages_PS @ x_SD is the mean of every span's tokens.
  Tensor averages_PS(at::Device device) const;
  /// Span of every token, P (their number) outside.
  Tensor span_of_token_S(at::Device device) const;

 private:
  int64_t factor_of(int64_t row) const;
  std::vector<TokenSpan> make_spans(const PassContext& context) const;
  bool is_same_call(const Tensor& x, const PassContext& context) const;
  Tensor fill_tokens(int64_t outside, bool with_span) const;

  MapRules rules_;
  std::vector<int64_t> factor_of_row_;
  std::vector<RowView> rows_;
  int64_t tokens_per_entry_ = 0;  // 1 where the axis is already packed
  int64_t tokens_ = -1;
  std::vector<TokenSpan> spans_;
  int64_t common_factor_ = 0;
  bool is_tokenwise_ = false;
  int64_t version_ = 0;
};

}  // namespace lineas
