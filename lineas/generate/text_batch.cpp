// Shapes: B rows of a call, S packed tokens of a call, D, V.
#include "lineas/generate/text_batch.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/generate/nan_search.h"
#include "lineas/generate/text_drive.h"

namespace lineas {
namespace {

// Ended rows leave the calls once they are this share of them: leaving moves
// rows in the cache.
constexpr double kIdleShare = 0.25;

Tensor to_tensor(const std::vector<int64_t>& ids, at::Device device) {
  return at::tensor(ids, at::kLong).to(device);
}

}  // namespace

struct TextBatch::Row {
  int64_t number;
  std::vector<int64_t> ids;
  size_t prompt_size;
  RowOptions options;
  Random random;
  int64_t slot = -1;
  int64_t cached = 0;  // tokens of the prompt that the slot has already
  bool is_waiting = true;
  bool has_ended = false;

  int64_t size() const { return static_cast<int64_t>(ids.size()); }
  int64_t made() const { return size() - static_cast<int64_t>(prompt_size); }

  // What a call holds of it: all that is not in its slot yet. A row that ended
  // gives its last token once more.
  RowView next_view(int64_t begin) const {
    const int64_t position = is_waiting ? cached : size() - 1;
    return {.row = number,
            .begin = begin,
            .end = begin + size() - position,
            .position = position,
            .phase = is_waiting ? Phase::prompt : Phase::generated};
  }
};

TextBatch::TextBatch(const LanguageModel& model,
                     const TextBatchOptions& options)
    : model_(model), options_(options), cache_(model.info().layers, 0) {}

TextBatch::~TextBatch() = default;

TextBatch::Row* TextBatch::find(int64_t number) {
  for (const auto& row : rows_)
    if (row->number == number && !row->has_ended) return row.get();
  return nullptr;
}

void TextBatch::check(const NewRow& row) {
  lineas::check(row.options.sampling);
  check_prompts(
      {row.prompt}, model_.info(), fmt::format("row {}", row.row + 1));
  if (find(row.row) != nullptr)
    fail(ErrorKind::usage, "row {}: is under way already", row.row + 1);
  if (!row.prefix) return;
  const Row* other = find(row.prefix->row);
  const int64_t tokens = row.prefix->tokens;
  const auto size = static_cast<int64_t>(row.prompt.size());
  const bool fits =
      other != nullptr && tokens >= 0 && tokens < size && !other->is_waiting &&
      tokens <= static_cast<int64_t>(other->prompt_size) &&
      std::equal(
          row.prompt.begin(), row.prompt.begin() + tokens, other->ids.begin());
  if (!fits)
    fail(ErrorKind::usage,
         "row {}: row {} has no {} prompt tokens to share. A prefix is shorter "
         "than the prompt, and the other row is under way behind its prompt.",
         row.row + 1,
         row.prefix->row + 1,
         tokens);
}

void TextBatch::admit(NewRow row) {
  check(row);
  Row taken{.number = row.row,
            .ids = std::move(row.prompt),
            .prompt_size = 0,
            .options = std::move(row.options),
            .random = Random(row.seed)};
  taken.prompt_size = taken.ids.size();
  if (end_at_limits(taken)) return;
  take_slot(taken, row.prefix);
}

// In the place of a row that has ended, where there is one.
void TextBatch::take_slot(Row& row, const std::optional<SharedPrefix>& prefix) {
  const auto idle = std::find_if(
      rows_.begin(), rows_.end(), [](const auto& at) { return at->has_ended; });
  if (idle != rows_.end()) {
    cache_.give_back((*idle)->slot);
    rows_.erase(idle);
  }
  row.slot = cache_.take();
  if (prefix) {
    cache_.copy_prefix(find(prefix->row)->slot, row.slot, prefix->tokens);
    row.cached = prefix->tokens;
  }
  const auto place = std::find_if(rows_.begin(), rows_.end(), [&](auto& at) {
    return at->slot > row.slot;
  });
  rows_.insert(place, std::make_unique<Row>(std::move(row)));
}

void TextBatch::end(Row& row, Finish finish, std::string error) {
  row.has_ended = true;
  // A row that has just got a token says so in one.
  if (!events_.empty() && events_.back().row == row.number &&
      !events_.back().finish)
    events_.back().finish = finish;
  else
    events_.push_back({row.number, std::nullopt, finish, std::move(error)});
}

bool TextBatch::end_at_limits(Row& row) {
  if (row.made() >= row.options.max_new_tokens)
    end(row, Finish::length);
  else if (row.size() >= model_.info().context)
    end(row, Finish::context);
  return row.has_ended;
}

void TextBatch::cancel(int64_t row) {
  if (Row* found = find(row)) end(*found, Finish::cancelled);
}

void TextBatch::cancel_all() {
  for (const auto& row : rows_)
    if (!row->has_ended) end(*row, Finish::cancelled);
}

bool TextBatch::is_running() const {
  return !events_.empty() ||
         std::any_of(rows_.begin(), rows_.end(), [](const auto& row) {
           return !row->has_ended;
         });
}

bool TextBatch::has_waiting() const {
  return std::any_of(rows_.begin(), rows_.end(), [](const auto& row) {
    return row->is_waiting && !row->has_ended;
  });
}

// Prompts and next tokens take turns where there are both.
std::vector<TextBatch::Row*> TextBatch::rows_of_next_call() {
  const bool has_begun =
      std::any_of(rows_.begin(), rows_.end(), [](const auto& row) {
        return !row->is_waiting && !row->has_ended;
      });
  const bool prefills = has_waiting() && !(has_begun && has_prefilled_);
  if (!prefills && options_.drops_finished) drop_ended();
  std::vector<Row*> rows;
  for (const auto& row : rows_)
    if (row->is_waiting ? prefills && !row->has_ended : !prefills)
      rows.push_back(row.get());
  has_prefilled_ = prefills;
  return rows;
}

std::vector<TextEvent> TextBatch::step() {
  const c10::NoGradGuard no_gradients;
  const bool has_work =
      std::any_of(rows_.begin(), rows_.end(), [](const auto& row) {
        return !row->has_ended;
      });
  if (has_work) {
    const std::vector<Row*> rows = rows_of_next_call();
    choose(call(rows), rows);
  }
  return std::exchange(events_, {});
}

// Logits behind the last token of every row: logits_BV.
Tensor TextBatch::call(const std::vector<Row*>& rows) {
  std::vector<int64_t> ids, last, slots;
  PassContext context, head_context;
  for (Row* row : rows) {
    const RowView view = row->next_view(static_cast<int64_t>(ids.size()));
    const auto place = static_cast<int64_t>(last.size());
    ids.insert(ids.end(), row->ids.begin() + view.position, row->ids.end());
    last.push_back(view.end - 1);
    slots.push_back(row->slot);
    context.rows.push_back(view);
    head_context.rows.push_back({.row = view.row,
                                 .begin = place,
                                 .end = place + 1,
                                 .position = row->size() - 1,
                                 .phase = view.phase});
    row->is_waiting = false;
  }
  cache_.use(std::move(slots));
  const bool is_one_token_each = ids.size() == rows.size();
  Pass pass(std::move(context), options_.tap);
  const Tensor x_SD =
      model_.hidden(to_tensor(ids, model_.device()), pass, &cache_);
  if (is_one_token_each) return model_.logits(x_SD, pass);
  Pass head(std::move(head_context), options_.tap);
  return model_.logits(x_SD.index_select(0, to_tensor(last, model_.device())),
                       head);
}

void TextBatch::choose(const Tensor& logits_BV, const std::vector<Row*>& rows) {
  const Tensor wide_BV = logits_BV.to(at::kCPU, at::kFloat).contiguous();
  const int64_t vocabulary = wide_BV.size(1);
  for (size_t b = 0; b < rows.size(); ++b) {
    Row& row = *rows[b];
    if (row.has_ended) continue;
    float* logits = wide_BV.data_ptr<float>() + b * vocabulary;
    sampler_.use(row.options.sampling);
    const int64_t id = sampler_.next(
        {logits, static_cast<size_t>(vocabulary)}, row.ids, row.random);
    if (id >= 0)
      accept(row, id);
    else
      end(row,
          Finish::failed,
          describe_not_finite(
              model_, {row.ids, row.prompt_size, row.number}, options_.tap));
  }
}

void TextBatch::accept(Row& row, int64_t id) {
  const auto& eos = row.options.eos_ids;
  if (std::find(eos.begin(), eos.end(), id) != eos.end())
    return end(row, Finish::eos);
  row.ids.push_back(id);
  events_.push_back({row.number, id});
  end_at_limits(row);
}

void TextBatch::drop_ended() {
  std::vector<int64_t> slots;
  for (const auto& row : rows_)
    if (!row->has_ended) slots.push_back(row->slot);
  const auto all = static_cast<double>(rows_.size());
  if (all - static_cast<double>(slots.size()) < kIdleShare * all) return;
  cache_.keep(slots);
  std::erase_if(rows_, [](const auto& row) { return row->has_ended; });
  for (size_t i = 0; i < rows_.size(); ++i)
    rows_[i]->slot = static_cast<int64_t>(i);
}

uint64_t row_seed(uint64_t seed,
                  const std::vector<int64_t>& prompt,
                  int64_t sample) {
  const std::string_view bytes(reinterpret_cast<const char*>(prompt.data()),
                               prompt.size() * sizeof(int64_t));
  return derive_seed(seed, {stable_hash(bytes), static_cast<uint64_t>(sample)});
}

std::string_view name_of(Finish finish) {
  switch (finish) {
    case Finish::length:
      return "length";
    case Finish::eos:
      return "eos";
    case Finish::context:
      return "context";
    case Finish::cancelled:
      return "cancelled";
    case Finish::failed:
      return "failed";
  }
  return "?";
}

}  // namespace lineas
