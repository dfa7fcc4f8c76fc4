#include "lineas/eval/matching.h"

#include <numeric>
#include <utility>

#include "lineas/base/error.h"
#include "lineas/generate/text_drive.h"
#include "lineas/tap/recorder.h"

namespace lineas {
namespace {

std::vector<Tensor> rows_of(const std::vector<Tensor>& samples,
                            int64_t begin,
                            int64_t end) {
  std::vector<Tensor> part;
  for (const Tensor& sample_ND : samples)
    part.push_back(sample_ND.slice(0, begin, end));
  return part;
}

}  // namespace

std::vector<Tensor> pooled_responses(const Engine& engine,
                                     const PromptSet& prompts,
                                     const std::string& pattern,
                                     Tap* before) {
  TextDrive drive(engine.model(), engine.encode(prompts));
  std::vector<int64_t> rows(drive.row_count());
  std::iota(rows.begin(), rows.end(), 0);
  return record(drive, rows, drive.places(pattern), {.before = before});
}

double matching_loss(const std::vector<Tensor>& from,
                     const std::vector<Tensor>& to) {
  MatchObjective objective(to, {.reduction = LossReduction::mean});
  return objective.evaluate(at::cat(from, 1), 0).loss;
}

HeldOutMatching::HeldOutMatching(const Engine& engine,
                                 PromptSet source,
                                 const PromptSet& target,
                                 const std::string& pattern)
    : engine_(engine), source_(std::move(source)), pattern_(pattern) {
  if (target.size() < 2)
    fail(ErrorKind::usage,
         "{}: {} prompts; held-out matching needs two halves of targets",
         target.name,
         target.size());
  const auto count = static_cast<int64_t>(target.size());
  const auto all = pooled_responses(engine, target, pattern_);
  target_ = rows_of(all, 0, count / 2);
  floor_ = matching_loss(rows_of(all, count / 2, count), target_);
  without_ =
      matching_loss(pooled_responses(engine, source_, pattern_), target_);
}

double HeldOutMatching::loss(Tap& tap) const {
  return matching_loss(pooled_responses(engine_, source_, pattern_, &tap),
                       target_);
}

}  // namespace lineas
