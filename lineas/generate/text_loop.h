// Continues a list of prompts, batch by batch, all rows of a batch together
// from their first token to the last one's end. Rows that come and go, and rows
// of different options, are TextBatch's.
#pragma once

#include <functional>

#include "lineas/generate/text_batch.h"

namespace lineas {

struct TextRow {
  std::vector<int64_t> prompt;
  /// Seed of the row's random numbers (see row_seed).
  uint64_t seed = 0;
};

struct Continuation {
  std::vector<int64_t> ids;
  Finish finish = Finish::length;
  std::string error = {};  // where it failed
};

struct TextLoopOptions {
  int64_t max_new_tokens = 64;
  SamplingOptions sampling = {};
  /// Tokens that end a row; they are not part of its continuation.
  std::vector<int64_t> eos_ids = {};
  /// Most rows of one batch; 0: all. Rows of a batch go in the given order.
  int64_t batch = 0;
  /// See TextBatchOptions.
  bool drops_finished = true;
  /// Acts on every call, by the row's place in the list; null: the untouched
  /// model.
  Tap* tap = nullptr;
  /// A row whose logits are not finite ends alone, as `failed`; else it throws.
  bool fails_by_row = false;
  /// Called for every new token.
  std::function<void(int64_t row, int64_t id)> on_token = {};
  /// Called when a row has ended, with all of it.
  std::function<void(int64_t row, const Continuation& made)> on_finish = {};
  /// Asked before every call; true ends all rows where they are.
  std::function<bool()> is_cancelled = {};
};

/// Continues all rows, without gradients. Throws usage for an empty prompt and
/// for one beyond the context, numeric naming the site where logits are NaN.
std::vector<Continuation> continue_text(const LanguageModel& model,
                                        const std::vector<TextRow>& rows,
                                        const TextLoopOptions& options);

}  // namespace lineas
