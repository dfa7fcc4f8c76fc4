// Suffixes: S tokens, A tokens acted on, B rows, E entries, D neurons.
#include "lineas/maps/token_plan.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

bool acts_on(Guidance guidance, Half half) {
  if (guidance == Guidance::both || half == Half::only) return true;
  return (guidance == Guidance::conditional) == (half == Half::conditional);
}

// First of the tokens 0 .. count-1 of a stretch that the scope takes in; count:
// none. Scopes reach to the end of their stretch.
int64_t first_token(const TokenScope& scope,
                    const RowView& row,
                    int64_t count) {
  const bool is_prompt = row.phase == Phase::prompt;
  switch (scope.kind) {
    case TokenScope::Kind::all:
      return 0;
    case TokenScope::Kind::prompt:
      return is_prompt ? 0 : count;
    case TokenScope::Kind::generated:
      return is_prompt ? count : 0;
    case TokenScope::Kind::from:
      return std::clamp<int64_t>(scope.k - row.position, 0, count);
    case TokenScope::Kind::last:
      return is_prompt ? std::max<int64_t>(0, count - scope.k) : 0;
  }
  return count;
}

void check_order(const RowAxis& axis, const MapRules& rules) {
  if (axis.has_order()) return;
  if (rules.position == Position::last ||
      rules.tokens.kind != TokenScope::Kind::all)
    fail(ErrorKind::usage,
         "position \"{}\" with tokens \"{}\" means nothing for a picture: "
         "pixels have no order. Use position all or avg, tokens all.",
         to_string(rules.position),
         to_string(rules.tokens));
}

Tensor to_index(const std::vector<int64_t>& values, at::Device device) {
  return at::tensor(values, at::kLong).to(device);
}

}  // namespace

TokenPlan::TokenPlan(const MapRules& rules,
                     const PassContext& context,
                     const RowAxis& axis,
                     std::span<const int64_t> number_of_row)
    : rules_(rules), axis_(axis), device_(axis.device()) {
  check_order(axis, rules);
  for (int64_t b = 0; b < axis.rows(); ++b) {
    const RowView& row = context.rows[b];
    const int64_t number = number_of_row.empty() ? 1 : number_of_row[b];
    if (number == 0 || !acts_on(rules.guidance, row.half)) continue;
    for (const TokenRange& stretch : axis.stretches(b)) {
      int64_t first = first_token(rules.tokens, row, stretch.size());
      if (rules.position == Position::last)
        first = std::max(first, stretch.size() - 1);
      is_whole_ = is_whole_ && first == 0;
      if (first == stretch.size()) continue;
      spans_.push_back({stretch.begin + first, stretch.end, b, number});
      covered_ += stretch.size() - first;
      shared_ = shared_ == 0 || shared_ == number ? number : -1;
    }
  }
  by_entries_ = is_whole_ && (is_everything() || axis.entry_tokens() > 1 ||
                              axis.tokens() == axis.rows());
}

int64_t TokenPlan::common() const {
  const bool needs_identity =
      rules_.position != Position::avg && by_entries_ && !is_everything();
  return needs_identity ? -1 : shared_;
}

// A value of the spans for every step-th token.
std::vector<int64_t> TokenPlan::fill(int64_t TokenSpan::*value,
                                     int64_t outside,
                                     int64_t step) const {
  std::vector<int64_t> filled(axis_.tokens() / step, outside);
  for (const TokenSpan& span : spans_)
    std::fill(filled.begin() + span.begin / step,
              filled.begin() + span.end / step,
              span.*value);
  return filled;
}

std::vector<int64_t> TokenPlan::make_numbers() const {
  std::vector<int64_t> numbers;
  if (rules_.position == Position::avg) {
    numbers.resize(axis_.rows(), 0);
    for (const TokenSpan& span : spans_) numbers[span.row] = span.number;
  } else if (by_entries_) {
    numbers = fill(&TokenSpan::number, 0, axis_.entry_tokens());
  } else {
    for (const TokenSpan& span : spans_)
      numbers.insert(numbers.end(), span.end - span.begin, span.number);
  }
  return numbers;
}

const std::vector<int64_t>& TokenPlan::numbers() const {
  if (numbers_.empty()) numbers_ = make_numbers();
  return numbers_;
}

const Tensor& TokenPlan::tokens_A() const {
  if (tokens_A_.defined()) return tokens_A_;
  if (rules_.position == Position::last &&
      covered_ == axis_.last_tokens().size(0))
    return tokens_A_ = axis_.last_tokens();
  std::vector<int64_t> tokens;
  for (const TokenSpan& span : spans_)
    for (int64_t token = span.begin; token < span.end; ++token)
      tokens.push_back(token);
  return tokens_A_ = to_index(tokens, device_);
}

// averages_BS @ x_SD, where not all of a row's tokens count.
const Tensor& TokenPlan::averages_BS(at::ScalarType type) const {
  if (averages_BS_.defined() && averages_BS_.scalar_type() == type)
    return averages_BS_;
  Tensor weights_BS = at::zeros({axis_.rows(), axis_.tokens()}, at::kDouble);
  for (const TokenSpan& span : spans_)
    weights_BS[span.row].slice(0, span.begin, span.end).fill_(1);
  weights_BS = weights_BS / weights_BS.sum(1, /*keepdim=*/true).clamp_min(1);
  return averages_BS_ = weights_BS.to(device_, type);
}

Tensor TokenPlan::mean_BD(const Tensor& x) const {
  if (is_whole_) return axis_.mean_BD(x);
  const auto type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return at::matmul(averages_BS(type), axis_.to_tokens(x).to(type));
}

// Of whole rows an entry's row, else a token's; B where none is acted on.
const Tensor& TokenPlan::row_of_unit() const {
  if (row_of_unit_.defined()) return row_of_unit_;
  const int64_t step = is_whole_ ? axis_.entry_tokens() : 1;
  if (is_everything())
    return row_of_unit_ =
               axis_.row_of_token_S().slice(0, 0, axis_.tokens(), step);
  return row_of_unit_ =
             to_index(fill(&TokenSpan::row, axis_.rows(), step), device_);
}

Tensor TokenPlan::add_to_rows(const Tensor& x, const Tensor& values_BD) const {
  Tensor padded = values_BD;
  if (!is_everything())
    padded = at::cat(
        {values_BD, at::zeros({1, values_BD.size(1)}, values_BD.options())});
  const Tensor added = padded.index_select(0, row_of_unit());
  const at::ScalarType type = values_BD.scalar_type();
  if (is_whole_)
    return (x.to(type) + axis_.over_neurons(added, x)).to(x.scalar_type());
  const Tensor x_SD = axis_.to_tokens(x);
  return axis_.from_tokens((x_SD.to(type) + added).to(x.scalar_type()), x);
}

}  // namespace lineas
