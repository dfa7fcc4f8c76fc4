// Shapes: B rows still in the batch, S packed tokens of a call, D, V.
#include "lineas/generate/text_loop.h"

#include <algorithm>
#include <numeric>

#include "lineas/generate/nan_search.h"
#include "lineas/generate/text_drive.h"

namespace lineas {
namespace {

// Finished rows leave the batch once they are this share of it: leaving copies
// the cache.
constexpr double kIdleShare = 0.25;

// One batch: rows first .. first + count - 1 of the list, all at their own
// length.
class TextBatch {
 public:
  TextBatch(const LanguageModel& model,
            const TextLoopOptions& options,
            std::span<const TextRow> rows,
            int64_t first)
      : model_(model),
        options_(options),
        sampler_(options.sampling),
        cache_(model.info().layers, static_cast<int64_t>(rows.size())) {
    for (size_t i = 0; i < rows.size(); ++i)
      rows_.push_back({.number = first + static_cast<int64_t>(i),
                       .ids = rows[i].prompt,
                       .prompt_size = rows[i].prompt.size(),
                       .random = Random(rows[i].seed)});
    batch_.resize(rows.size());
    std::iota(batch_.begin(), batch_.end(), 0);
  }

  std::vector<Continuation> run() {
    for (Row& row : rows_) finish_at_limits(row);
    end_if_cancelled();
    if (is_running()) choose(prefill());
    for (end_if_cancelled(); is_running(); end_if_cancelled()) {
      if (options_.drops_finished) drop_finished();
      choose(decode());
    }
    std::vector<Continuation> made;
    for (const Row& row : rows_)
      made.push_back({{row.ids.begin() + static_cast<int64_t>(row.prompt_size),
                       row.ids.end()},
                      *row.finish});
    return made;
  }

 private:
  struct Row {
    int64_t number;
    std::vector<int64_t> ids;
    size_t prompt_size;
    Random random;
    std::optional<Finish> finish = std::nullopt;
  };

  bool is_running() const {
    return std::any_of(
        rows_.begin(), rows_.end(), [](const Row& row) { return !row.finish; });
  }

  void end(Row& row, Finish finish) {
    row.finish = finish;
    if (options_.on_finish) options_.on_finish(row.number, finish);
  }

  void end_if_cancelled() {
    if (!options_.is_cancelled || !options_.is_cancelled()) return;
    for (Row& row : rows_)
      if (!row.finish) end(row, Finish::cancelled);
  }

  void finish_at_limits(Row& row) {
    const auto size = static_cast<int64_t>(row.ids.size());
    if (size - static_cast<int64_t>(row.prompt_size) >= options_.max_new_tokens)
      end(row, Finish::length);
    else if (size >= model_.info().context)
      end(row, Finish::context);
  }

  // Logits behind the last token of every prompt: logits_BV.
  Tensor prefill() {
    std::vector<int64_t> ids, last;
    PassContext context, head_context;
    for (const Row& row : rows_) {
      const auto begin = static_cast<int64_t>(ids.size());
      const auto place = static_cast<int64_t>(last.size());
      const auto size = static_cast<int64_t>(row.ids.size());
      ids.insert(ids.end(), row.ids.begin(), row.ids.end());
      last.push_back(begin + size - 1);
      context.rows.push_back({row.number, begin, begin + size});
      head_context.rows.push_back({row.number, place, place + 1, size - 1});
    }
    Pass pass(context, options_.tap);
    const Tensor x_SD = model_.hidden(to_tensor(ids), pass, &cache_);
    Pass head(head_context, options_.tap);
    return model_.logits(x_SD.index_select(0, to_tensor(last)), head);
  }

  // Logits behind the newest token of every row in the batch: logits_BV.
  Tensor decode() {
    std::vector<int64_t> ids;
    PassContext context;
    for (const int64_t i : batch_) {
      const auto place = static_cast<int64_t>(ids.size());
      const auto size = static_cast<int64_t>(rows_[i].ids.size());
      ids.push_back(rows_[i].ids.back());
      context.rows.push_back({.row = rows_[i].number,
                              .begin = place,
                              .end = place + 1,
                              .position = size - 1,
                              .phase = Phase::generated});
    }
    Pass pass(std::move(context), options_.tap);
    const Tensor x_BD = model_.hidden(to_tensor(ids), pass, &cache_);
    return model_.logits(x_BD, pass);
  }

  Tensor to_tensor(const std::vector<int64_t>& ids) const {
    return at::tensor(ids, at::kLong).to(model_.device());
  }

  void choose(const Tensor& logits_BV) {
    const Tensor wide_BV = logits_BV.to(at::kCPU, at::kFloat).contiguous();
    const int64_t vocabulary = wide_BV.size(1);
    for (size_t b = 0; b < batch_.size(); ++b) {
      Row& row = rows_[batch_[b]];
      if (row.finish) continue;
      float* logits = wide_BV.data_ptr<float>() + b * vocabulary;
      const int64_t id = sampler_.next(
          {logits, static_cast<size_t>(vocabulary)}, row.ids, row.random);
      if (id < 0) fail_not_finite(model_, row.ids, row.number, options_.tap);
      accept(row, id);
    }
  }

  void accept(Row& row, int64_t id) {
    const auto& eos = options_.eos_ids;
    if (std::find(eos.begin(), eos.end(), id) != eos.end()) {
      end(row, Finish::eos);
      return;
    }
    row.ids.push_back(id);
    if (options_.on_token) options_.on_token(row.number, id);
    finish_at_limits(row);
  }

  void drop_finished() {
    std::vector<int64_t> places, running;
    for (size_t b = 0; b < batch_.size(); ++b) {
      if (rows_[batch_[b]].finish) continue;
      places.push_back(static_cast<int64_t>(b));
      running.push_back(batch_[b]);
    }
    const auto all = static_cast<double>(batch_.size());
    if (all - static_cast<double>(running.size()) < kIdleShare * all) return;
    cache_.keep(places);
    batch_ = std::move(running);
  }

  const LanguageModel& model_;
  const TextLoopOptions& options_;
  Sampler sampler_;
  KvCache cache_;
  std::vector<Row> rows_;
  std::vector<int64_t> batch_;  // places in rows_ of the cache's rows
};

}  // namespace

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
  }
  return "?";
}

std::vector<Continuation> continue_text(const LanguageModel& model,
                                        const std::vector<TextRow>& rows,
                                        const TextLoopOptions& options) {
  const c10::NoGradGuard no_gradients;
  check(options.sampling);
  std::vector<std::vector<int64_t>> prompts;
  for (const TextRow& row : rows) prompts.push_back(row.prompt);
  check_prompts(prompts, model.info());
  const size_t step = options.batch > 0 ? options.batch : rows.size();
  std::vector<Continuation> all;
  for (size_t first = 0; first < rows.size(); first += step) {
    const size_t count = std::min(step, rows.size() - first);
    TextBatch batch(model,
                    options,
                    std::span(rows).subspan(first, count),
                    static_cast<int64_t>(first));
    for (Continuation& made : batch.run()) all.push_back(std::move(made));
  }
  return all;
}

}  // namespace lineas
