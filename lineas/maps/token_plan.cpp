#include "lineas/maps/token_plan.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

bool is_picture(const Tensor& x) {
  return x.dim() == 4;
}

// Tokens of one entry of the first axis.
int64_t entry_tokens(const Tensor& x) {
  if (x.dim() == 2) return 1;
  return is_picture(x) ? x.size(2) * x.size(3) : x.size(1);
}

bool are_alike(const RowView& a, const RowView& b) {
  return a.row == b.row && a.begin == b.begin && a.end == b.end &&
         a.position == b.position && a.half == b.half && a.phase == b.phase;
}

bool acts_on(Guidance guidance, Half half) {
  if (guidance == Guidance::both || half == Half::only) return true;
  return (guidance == Guidance::conditional) == (half == Half::conditional);
}

// First of the tokens 0 .. count-1 that the scope takes in; count: none.
// Scopes reach to the end of their row.
int64_t first_token(const TokenScope& scope,
                    Phase phase,
                    int64_t position,
                    int64_t count) {
  const bool is_prompt = phase == Phase::prompt;
  switch (scope.kind) {
    case TokenScope::Kind::all:
      return 0;
    case TokenScope::Kind::prompt:
      return is_prompt ? 0 : count;
    case TokenScope::Kind::generated:
      return is_prompt ? count : 0;
    case TokenScope::Kind::from:
      return std::clamp<int64_t>(scope.k - position, 0, count);
    case TokenScope::Kind::last:
      return is_prompt ? std::max<int64_t>(0, count - scope.k) : 0;
  }
  return count;
}

void check_layout(const Tensor& x, const MapRules& rules) {
  if (!is_picture(x)) return;
  if (rules.position == Position::last ||
      rules.tokens.kind != TokenScope::Kind::all)
    fail(ErrorKind::usage,
         "position \"{}\" with tokens \"{}\" means nothing for a picture: "
         "pixels have no order. Use position all or avg, tokens all.",
         to_string(rules.position),
         to_string(rules.tokens));
}

}  // namespace

Tensor to_tokens(const Tensor& x) {
  if (x.dim() == 2) return x;
  if (!is_picture(x)) return x.flatten(0, 1);
  return x.permute({0, 2, 3, 1}).flatten(0, 2);
}

Tensor from_tokens(const Tensor& x_SD, const Tensor& like) {
  if (like.dim() == 2) return x_SD;
  if (!is_picture(like)) return x_SD.view(like.sizes());
  return x_SD.view({like.size(0), like.size(2), like.size(3), like.size(1)})
      .permute({0, 3, 1, 2});
}

bool TokenPlan::is_same_call(const Tensor& x,
                             const PassContext& context) const {
  return tokens_per_entry_ == entry_tokens(x) &&
         tokens_ == x.size(0) * tokens_per_entry_ &&
         std::equal(rows_.begin(),
                    rows_.end(),
                    context.rows.begin(),
                    context.rows.end(),
                    are_alike);
}

int64_t TokenPlan::factor_of(int64_t row) const {
  if (factor_of_row_.empty()) return 1;
  if (row < 0 || row >= static_cast<int64_t>(factor_of_row_.size()))
    fail(ErrorKind::usage,
         "row {}: strengths are given for {} rows",
         row,
         factor_of_row_.size());
  return factor_of_row_[row];
}

std::vector<TokenSpan> TokenPlan::make_spans(const PassContext& context) const {
  std::vector<TokenSpan> spans;
  for (const RowView& row : context.rows) {
    const int64_t factor = factor_of(row.row);
    if (factor == 0 || !acts_on(rules_.guidance, row.half)) continue;
    // A packed row is one stretch of tokens; of a batch axis, each entry is.
    const int64_t stretches = tokens_per_entry_ == 1 ? 1 : row.size();
    const int64_t count = row.size() * tokens_per_entry_ / stretches;
    for (int64_t i = 0; i < stretches; ++i) {
      const int64_t begin = row.begin * tokens_per_entry_ + i * count;
      int64_t first =
          first_token(rules_.tokens, row.phase, row.position, count);
      if (rules_.position == Position::last) first = std::max(first, count - 1);
      if (first < count)
        spans.push_back({begin + first, begin + count, factor});
    }
  }
  return spans;
}

void TokenPlan::update(const Tensor& x, const PassContext& context) {
  if (is_same_call(x, context)) return;
  check_layout(x, rules_);
  rows_ = context.rows;
  tokens_per_entry_ = entry_tokens(x);
  const int64_t tokens = x.size(0) * tokens_per_entry_;
  std::vector<TokenSpan> spans = make_spans(context);
  if (spans == spans_ && tokens == tokens_) return;
  ++version_;
  tokens_ = tokens;
  spans_ = std::move(spans);
  int64_t covered = 0;
  common_factor_ = spans_.empty() ? 0 : spans_[0].factor;
  is_tokenwise_ = true;
  for (const TokenSpan& span : spans_) {
    covered += span.end - span.begin;
    is_tokenwise_ = is_tokenwise_ && span.end - span.begin == 1;
    if (span.factor != common_factor_) common_factor_ = -1;
  }
  if (covered != 0 && covered != tokens_) common_factor_ = -1;
}

Tensor TokenPlan::fill_tokens(int64_t outside, bool with_span) const {
  Tensor filled_S = at::full({tokens_}, outside, at::kLong);
  int64_t* values = filled_S.data_ptr<int64_t>();
  for (size_t p = 0; p < spans_.size(); ++p)
    std::fill(values + spans_[p].begin,
              values + spans_[p].end,
              with_span ? static_cast<int64_t>(p) : spans_[p].factor);
  return filled_S;
}

Tensor TokenPlan::factors_S(at::Device device) const {
  return fill_tokens(0, false).to(device);
}

Tensor TokenPlan::span_of_token_S(at::Device device) const {
  return fill_tokens(static_cast<int64_t>(spans_.size()), true).to(device);
}

Tensor TokenPlan::factors_P(at::Device device) const {
  std::vector<int64_t> factors;
  for (const TokenSpan& span : spans_) factors.push_back(span.factor);
  return at::tensor(factors, at::kLong).to(device);
}

Tensor TokenPlan::averages_PS(at::Device device) const {
  const int64_t count = static_cast<int64_t>(spans_.size());
  Tensor averages = at::zeros({count, tokens_}, at::kFloat);
  float* values = averages.data_ptr<float>();
  for (int64_t p = 0; p < count; ++p)
    std::fill(values + p * tokens_ + spans_[p].begin,
              values + p * tokens_ + spans_[p].end,
              1.0f / static_cast<float>(spans_[p].end - spans_[p].begin));
  return averages.to(device);
}

}  // namespace lineas
