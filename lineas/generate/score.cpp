// Shapes: S packed tokens of a call, D width, V vocabulary.
#include "lineas/generate/score.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lineas/generate/nan_search.h"

namespace lineas {
namespace {

// The part of the rows that lies in the tokens [begin, end), as rows of their
// own: what a tap at the head is told.
std::vector<RowView> clip(const std::vector<RowView>& rows,
                          int64_t begin,
                          int64_t end) {
  std::vector<RowView> clipped;
  for (RowView row : rows) {
    const int64_t first = std::max(row.begin, begin);
    const int64_t last = std::min(row.end, end);
    if (first >= last) continue;
    row.position += first - row.begin;
    row.begin = first - begin;
    row.end = last - begin;
    clipped.push_back(row);
  }
  return clipped;
}

// log p(next token) of every token but the last of all: logprob_S, the head
// taken for a few tokens at a time.
Tensor next_logprobs(const LanguageModel& model,
                     const PackedPrompts& prompts,
                     const ScoreOptions& options) {
  Pass pass(prompts.context, options.tap);
  const Tensor x_SD = model.hidden(prompts.ids_S, pass);
  const int64_t count = x_SD.size(0) - 1;
  const int64_t step =
      std::max<int64_t>(1, options.batch_logits / model.info().vocabulary);
  std::vector<Tensor> parts;
  for (int64_t begin = 0; begin < count; begin += step) {
    const int64_t end = std::min(count, begin + step);
    Pass head(PassContext{.rows = clip(prompts.context.rows, begin, end)},
              options.tap);
    const Tensor logits_SV =
        model.logits(x_SD.slice(0, begin, end), head).to(at::kFloat);
    const Tensor next_S1 =
        prompts.ids_S.slice(0, begin + 1, end + 1).unsqueeze(1);
    parts.push_back(logits_SV.gather(1, next_S1).squeeze(1) -
                    logits_SV.logsumexp(1));
  }
  if (parts.empty()) return at::empty({0}, at::kDouble);
  return at::cat(parts).to(at::kCPU, at::kDouble);
}

// As many rows from `first` on as fit one call.
std::vector<int64_t> next_batch(const std::vector<std::vector<int64_t>>& rows,
                                size_t first,
                                int64_t most_tokens) {
  std::vector<int64_t> numbers;
  int64_t tokens = 0;
  for (size_t i = first; i < rows.size(); ++i) {
    tokens += static_cast<int64_t>(rows[i].size());
    if (tokens > most_tokens && !numbers.empty()) break;
    numbers.push_back(static_cast<int64_t>(i));
  }
  return numbers;
}

}  // namespace

double TextScore::perplexity() const {
  if (tokens == 0) return std::numeric_limits<double>::quiet_NaN();
  return std::exp(-logprob / static_cast<double>(tokens));
}

std::vector<TextScore> score_text(const LanguageModel& model,
                                  const std::vector<std::vector<int64_t>>& rows,
                                  const ScoreOptions& options) {
  const c10::NoGradGuard no_gradients;
  check_prompts(rows, model.info());
  std::vector<TextScore> scores;
  while (scores.size() < rows.size()) {
    const std::vector<int64_t> numbers =
        next_batch(rows, scores.size(), options.batch_tokens);
    const PackedPrompts prompts = pack_prompts(rows, numbers, model.device());
    const Tensor logprob_S = next_logprobs(model, prompts, options);
    for (const RowView& row : prompts.context.rows) {
      const double sum =
          logprob_S.slice(0, row.begin, row.end - 1).sum().item<double>();
      if (!std::isfinite(sum))
        fail_not_finite(model, rows[row.row], row.row, options.tap);
      scores.push_back({row.size() - 1, sum});
    }
  }
  return scores;
}

}  // namespace lineas
