// Running a language model in a test: prompts packed in one call, everything
// that the sites saw, decoding with a cache.
#pragma once

#include <vector>

#include "lineas/models/language_model.h"
#include "lineas/tap/drive.h"
#include "lineas/tap/recorder.h"

namespace lineas::testing {

using Ids = std::vector<int64_t>;

/// Keeps every visit of a pass, and never ends it.
class VisitLog : public Tap {
 public:
  Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
    visits.emplace_back(site, x.detach().clone());
    return x;
  }
  std::vector<std::pair<SiteIndex, Tensor>> visits;
};

/// The prompts' tokens one behind the other: ids_S.
inline Tensor pack(const std::vector<Ids>& prompts) {
  Ids ids;
  for (const Ids& prompt : prompts)
    ids.insert(ids.end(), prompt.begin(), prompt.end());
  return at::tensor(ids, at::kLong);
}

/// The rows of pack(prompts); `positions` where they continue a cache.
inline std::vector<RowView> rows_of(const std::vector<Ids>& prompts,
                                    const Ids& positions = {}) {
  Ids lengths;
  for (const Ids& prompt : prompts)
    lengths.push_back(static_cast<int64_t>(prompt.size()));
  std::vector<RowView> rows = pack_rows(lengths);
  for (size_t b = 0; b < positions.size(); ++b) rows[b].position = positions[b];
  return rows;
}

/// logits_SV of all tokens of all prompts, in one call without gradients.
inline Tensor logits_of(const LanguageModel& model,
                        const std::vector<Ids>& prompts,
                        Tap* tap = nullptr) {
  const c10::NoGradGuard no_gradients;
  Pass pass({.rows = rows_of(prompts)}, tap);
  return model.logits(model.hidden(pack(prompts), pass), pass).to(at::kFloat);
}

/// The same through a cache, `chunk` tokens of every row a call: the rows'
/// calls end one after the other, as their lengths say, in a ragged batch.
inline std::vector<Tensor> cached_logits_of(const LanguageModel& model,
                                            const std::vector<Ids>& prompts,
                                            int64_t chunk) {
  const c10::NoGradGuard no_gradients;
  KvCache cache(model.info().layers, static_cast<int64_t>(prompts.size()));
  std::vector<std::vector<Tensor>> parts(prompts.size());
  Ids held(prompts.size(), 0), alive;
  for (size_t b = 0; b < prompts.size(); ++b) alive.push_back(b);
  while (true) {
    // Rows that have ended leave the batch; the others stay in their slots.
    std::erase_if(alive, [&](int64_t b) {
      return held[b] >= static_cast<int64_t>(prompts[b].size());
    });
    if (alive.empty()) break;
    cache.use(alive);
    std::vector<Ids> now;
    Ids positions;
    for (int64_t b : alive) {
      const auto begin = prompts[b].begin() + held[b];
      const auto left = prompts[b].end() - begin;
      // Odd rows take one token less at first, so that positions differ.
      const int64_t count =
          held[b] == 0 && b % 2 == 1 && chunk > 1 ? chunk - 1 : chunk;
      now.emplace_back(begin, begin + std::min<int64_t>(count, left));
      positions.push_back(held[b]);
    }
    Pass pass({.rows = rows_of(now, positions)});
    const Tensor logits_SV =
        model.logits(model.hidden(pack(now), pass, &cache), pass);
    for (size_t i = 0; i < alive.size(); ++i) {
      const RowView& row = pass.rows()[i];
      parts[alive[i]].push_back(logits_SV.slice(0, row.begin, row.end));
      held[alive[i]] += row.size();
    }
  }
  std::vector<Tensor> logits;
  for (const auto& row : parts) logits.push_back(at::cat(row).to(at::kFloat));
  return logits;
}

/// `count` greedy tokens of every prompt, all in one batch with a cache.
inline std::vector<Ids> greedy(const LanguageModel& model,
                               const std::vector<Ids>& prompts,
                               int64_t count) {
  const c10::NoGradGuard no_gradients;
  KvCache cache(model.info().layers, static_cast<int64_t>(prompts.size()));
  std::vector<Ids> now = prompts, made(prompts.size());
  Ids positions(prompts.size(), 0);
  for (int64_t n = 0; n < count; ++n) {
    Pass pass({.rows = rows_of(now, positions)});
    const Tensor x_SD = model.hidden(pack(now), pass, &cache);
    const Tensor logits_SV = model.logits(x_SD, pass);
    for (size_t b = 0; b < prompts.size(); ++b) {
      const RowView row = pass.rows()[b];
      const auto next = logits_SV[row.end - 1].argmax().item<int64_t>();
      made[b].push_back(next);
      positions[b] += row.size();
      now[b] = {next};
    }
  }
  return made;
}

/// A drive over fixed prompts, as generate/ has one, without its tokenizer.
class PackedDrive : public Drive {
 public:
  PackedDrive(const LanguageModel& model, std::vector<Ids> prompts)
      : model_(model), prompts_(std::move(prompts)) {}

  void advance(Trajectory& trajectory, Tap& tap) override {
    ++trajectory.segment;
    const std::vector<int64_t>& rows = trajectory.rows;
    std::vector<Ids> chosen;
    for (int64_t row : rows) chosen.push_back(prompts_[row]);
    PassContext context{.rows = rows_of(chosen)};
    for (size_t b = 0; b < rows.size(); ++b) context.rows[b].row = rows[b];
    Pass pass(context, &tap);
    run_until_finished(
        [&] { model_.logits(model_.hidden(pack(chosen), pass), pass); });
  }
  const SiteTable& sites() const override { return model_.sites(); }
  int64_t row_count() const override {
    return static_cast<int64_t>(prompts_.size());
  }
  std::optional<Outcome> outcome() const override {
    return Outcome{model_.head_site(), OutcomeKind::logits};
  }

 private:
  const LanguageModel& model_;
  std::vector<Ids> prompts_;
};

}  // namespace lineas::testing
