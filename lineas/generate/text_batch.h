// Rows of text on their way, each with its own options: taken in, continued
// together token by token, and given back while others go on. Knows ids, not
// text; steering comes in as a tap, which tells rows apart by their number.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/generate/sampling.h"
#include "lineas/models/language_model.h"

namespace lineas {

/// A seed that depends on the user's seed, the prompt and the sample's number
/// only: not on strength, batch or order.
uint64_t row_seed(uint64_t seed,
                  const std::vector<int64_t>& prompt,
                  int64_t sample);

/// Why a row ended: the token limit, an end-of-sequence token, the model's
/// context, the caller, or logits that are not finite.
enum class Finish { length, eos, context, cancelled, failed };
std::string_view name_of(Finish finish);

/// How a row is continued.
struct RowOptions {
  int64_t max_new_tokens = 64;
  SamplingOptions sampling = {};
  /// Tokens that end a row; they are not part of its continuation.
  std::vector<int64_t> eos_ids = {};
};

/// A row under way whose first prompt tokens another one shares. Their keys and
/// values are copied: right where the same maps act on both, and on each of
/// these tokens for itself (position all; tokens all, prompt or from:K).
struct SharedPrefix {
  int64_t row = 0;
  int64_t tokens = 0;
};

/// One continuation to make.
struct NewRow {
  /// What the tap knows the row by.
  int64_t row = 0;
  std::vector<int64_t> prompt;
  /// Seed of the row's random numbers (see row_seed).
  uint64_t seed = 0;
  RowOptions options = {};
  std::optional<SharedPrefix> prefix = std::nullopt;
};

/// What a step made of a row: a token, its end, or both.
struct TextEvent {
  int64_t row = 0;
  std::optional<int64_t> id = std::nullopt;
  std::optional<Finish> finish = std::nullopt;
  std::string error = {};  // where it failed: names the first bad site
};

struct TextBatchOptions {
  /// Acts on every call, by row number; null: the untouched model.
  Tap* tap = nullptr;
  /// Ended rows leave the calls once they are a quarter of them, which saves
  /// work. A product of fewer rows may round differently, so a row's text can
  /// then depend, in near ties, on when others end; false rules that out.
  bool drops_finished = true;
};

class TextBatch {
 public:
  /// Model and tap must outlive it.
  explicit TextBatch(const LanguageModel& model,
                     const TextBatchOptions& options = {});
  ~TextBatch();

  /// Takes a row in; its prompt is run by a step to come. Throws usage for a
  /// prompt that is empty or beyond the context, for sampling options out of
  /// range, for a number that is under way, and for a prefix that is not one.
  void admit(NewRow row);
  /// One model call: the prompts of the rows that wait, or the next token of
  /// all others. What became of the rows, in the order of their slots.
  std::vector<TextEvent> step();
  /// Ends a row where it is; the next step says so. No row: nothing happens.
  void cancel(int64_t row);
  void cancel_all();

  /// Whether a step has anything to do or to say.
  bool is_running() const;

 private:
  struct Row;
  Row* find(int64_t number);
  void check(const NewRow& row);
  void take_slot(Row& row, const std::optional<SharedPrefix>& prefix);
  void end(Row& row, Finish finish, std::string error = {});
  bool end_at_limits(Row& row);
  bool has_waiting() const;
  std::vector<Row*> rows_of_next_call();
  Tensor call(const std::vector<Row*>& rows);
  void choose(const Tensor& logits_BV, const std::vector<Row*>& rows);
  void accept(Row& row, int64_t id);
  void drop_ended();

  const LanguageModel& model_;
  TextBatchOptions options_;
  Sampler sampler_;
  KvCache cache_;
  std::vector<std::unique_ptr<Row>> rows_;  // by slot, ascending
  std::vector<TextEvent> events_;           // not said yet
  bool has_prefilled_ = false;              // the last call did
};

}  // namespace lineas
