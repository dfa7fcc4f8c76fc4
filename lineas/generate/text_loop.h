// Continues a batch of prompts token by token: one prefill, then one model call
// a token for all rows together. Knows ids, not text; steering comes in as a
// tap, which tells rows apart by their number.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "lineas/generate/sampling.h"
#include "lineas/models/language_model.h"

namespace lineas {

/// One continuation to make.
struct TextRow {
  std::vector<int64_t> prompt;
  /// Seed of the row's random numbers (see row_seed).
  uint64_t seed = 0;
};

/// A seed that depends on the user's seed, the prompt and the sample's number
/// only: not on strength, batch or order.
uint64_t row_seed(uint64_t seed,
                  const std::vector<int64_t>& prompt,
                  int64_t sample);

/// Why a row ended: the token limit, an end-of-sequence token, the model's
/// context, or the caller.
enum class Finish { length, eos, context, cancelled };
std::string_view name_of(Finish finish);

struct TextLoopOptions {
  int64_t max_new_tokens = 64;
  SamplingOptions sampling = {};
  /// Tokens that end a row; they are not part of its continuation.
  std::vector<int64_t> eos_ids = {};
  /// Most rows of one batch; 0: all. Rows of a batch go in the given order.
  int64_t batch = 0;
  /// Finished rows leave the batch, which saves work. A product of fewer rows
  /// may round differently, so a row's text can then depend, in near ties, on
  /// when others end; false rules that out.
  bool drops_finished = true;
  /// Acts on every call, by row number; null: the untouched model.
  Tap* tap = nullptr;
  /// Called for every new token.
  std::function<void(int64_t row, int64_t id)> on_token = {};
  /// Called when a row has ended.
  std::function<void(int64_t row, Finish finish)> on_finish = {};
  /// Asked before every call; true ends all rows where they are.
  std::function<bool()> is_cancelled = {};
};

struct Continuation {
  std::vector<int64_t> ids;
  Finish finish = Finish::length;
};

/// Continues all rows, without gradients. Throws usage for an empty prompt and
/// for one beyond the context, numeric naming the site where logits are NaN.
std::vector<Continuation> continue_text(const LanguageModel& model,
                                        const std::vector<TextRow>& rows,
                                        const TextLoopOptions& options);

}  // namespace lineas
