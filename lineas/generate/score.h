// How likely a model finds given texts: log-probabilities of their tokens.
// Knows ids, not text; steering comes in as a tap.
#pragma once

#include "lineas/generate/text_drive.h"

namespace lineas {

/// Of one row: every token after the first is scored.
struct TextScore {
  int64_t tokens = 0;  // scored ones
  double logprob = 0;  // their sum, natural logarithm
  /// exp(-logprob / tokens); NaN where there are none.
  double perplexity() const;
};

struct ScoreOptions {
  /// Tokens of one model call; a longer row goes alone.
  int64_t batch_tokens = 2048;
  /// Most logits held at once.
  int64_t batch_logits = int64_t{1} << 24;
  /// Acts on every call, by row number; null: the untouched model.
  Tap* tap = nullptr;
};

/// Scores the rows from `first` on that fit one model call, at least one: for
/// those who show results while more are made. Rows are as score_text wants
/// them.
std::vector<TextScore> score_batch(
    const LanguageModel& model,
    const std::vector<std::vector<int64_t>>& rows,
    size_t first,
    const ScoreOptions& options);

/// Scores every row, without gradients. Throws usage as check_prompts does,
/// numeric naming the site where logits are NaN.
std::vector<TextScore> score_text(const LanguageModel& model,
                                  const std::vector<std::vector<int64_t>>& rows,
                                  const ScoreOptions& options = {});

}  // namespace lineas
