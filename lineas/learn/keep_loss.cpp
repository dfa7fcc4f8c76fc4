#include "lineas/learn/keep_loss.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"

namespace lineas {
namespace {

// Hands on what comes by the site of the outcome, once a segment.
class OutcomeTap : public Tap {
 public:
  explicit OutcomeTap(SiteIndex site) : site_(site) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
    if (site == site_) outputs_.push_back(x);
    return x;
  }
  const std::vector<Tensor>& outputs() const { return outputs_; }

 private:
  SiteIndex site_;
  std::vector<Tensor> outputs_;
};

Outcome outcome_of(const Drive& drive) {
  const auto outcome = drive.outcome();
  if (!outcome)
    fail(ErrorKind::usage,
         "--keep: what this model gives out cannot be compared. Use --keep 0.");
  return *outcome;
}

Tensor in_float(const Tensor& x) {
  return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
}

// What is kept of an untouched output: log-probabilities, or the values.
Tensor digest(const Tensor& output, OutcomeKind kind) {
  const Tensor x = in_float(output);
  return kind == OutcomeKind::logits ? at::log_softmax(x, -1) : x;
}

// Of one output: its part of `unit`, see KeepLoss.
double unit_of(const Tensor& digest, OutcomeKind kind) {
  return kind == OutcomeKind::logits
             ? static_cast<double>(digest.numel() / digest.size(-1))
             : digest.square().sum(at::kDouble).item<double>();
}

// Of one output: its part of the uncertainty, times `unit`.
double entropy_of(const Tensor& digest, OutcomeKind kind) {
  if (kind == OutcomeKind::values) return unit_of(digest, kind);
  const Tensor p = digest.exp();
  return -at::where(p > 0, p * digest, 0).sum(at::kDouble).item<double>();
}

struct Departure {
  double sum = 0;
  Tensor gradient;  // of the sum, for the mapped output
};

Departure depart(const Tensor& untouched,
                 const Tensor& mapped,
                 OutcomeKind kind) {
  const Tensor now = digest(mapped, kind);
  if (kind == OutcomeKind::values) {
    const Tensor difference = now - untouched;
    return {difference.square().sum(at::kDouble).item<double>(),
            2 * difference};
  }
  const Tensor p = untouched.exp();
  // 0 (log 0 - x) is 0.
  const Tensor terms = at::where(p > 0, p * (untouched - now), 0);
  return {terms.sum(at::kDouble).item<double>(), now.exp() - p};
}

}  // namespace

KeepLoss::KeepLoss(const Problem& problem,
                   const AffineParameters& parameters,
                   const ResponseOptions& response)
    : problem_(problem),
      parameters_(parameters),
      response_(response),
      outcome_(outcome_of(problem.drive)),
      rows_(problem.keep_rows.empty() ? problem.target_rows
                                      : problem.keep_rows) {
  const c10::NoGradGuard no_gradients;
  for (const Piece rows : pieces()) {
    std::vector<Tensor>& kept = untouched_.emplace_back();
    for (const Tensor& output : outputs_of(rows, nullptr)) {
      kept.push_back(digest(output, outcome_.kind));
      unit_ += unit_of(kept.back(), outcome_.kind);
      uncertainty_ += entropy_of(kept.back(), outcome_.kind);
    }
  }
  uncertainty_ /= unit_;
}

std::vector<KeepLoss::Piece> KeepLoss::pieces() const {
  const size_t size = response_.micro_batch == 0
                          ? rows_.size()
                          : static_cast<size_t>(response_.micro_batch);
  std::vector<Piece> pieces;
  for (size_t begin = 0; begin < rows_.size(); begin += size)
    pieces.push_back(
        Piece(rows_).subspan(begin, std::min(size, rows_.size() - begin)));
  return pieces;
}

std::vector<Tensor> KeepLoss::outputs_of(Piece rows, Tap* maps) const {
  OutcomeTap outcome(outcome_.site);
  std::vector<Tap*> taps{&outcome};
  if (maps != nullptr) taps.insert(taps.begin(), maps);
  ChainTap chain(taps);
  problem_.drive.run(rows, chain);
  return outcome.outputs();
}

double KeepLoss::departure(double weight, bool with_gradient) {
  const at::AutoGradMode mode(with_gradient);
  const auto all = pieces();
  double sum = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    TrainingTap maps(parameters_, response_.position);
    const std::vector<Tensor> outputs = outputs_of(all[i], &maps);
    std::vector<Tensor> roots, cotangents;
    for (size_t s = 0; s < outputs.size(); ++s) {
      const Departure part =
          depart(untouched_[i][s], outputs[s].detach(), outcome_.kind);
      sum += part.sum;
      if (!with_gradient || !outputs[s].requires_grad()) continue;
      roots.push_back(outputs[s]);
      cotangents.push_back(
          (part.gradient * (weight / unit_)).to(outputs[s].scalar_type()));
    }
    if (!roots.empty()) torch::autograd::backward(roots, cotangents);
  }
  return sum / unit_;
}

double KeepLoss::measure() {
  return departure(0, false);
}

double KeepLoss::add_gradient(double weight) {
  const double value = departure(weight, true);
  if (!std::isfinite(value))
    fail(ErrorKind::numeric,
         "what the model gives out for the prompts to keep departs by {} from "
         "the untouched. Try a smaller --lr, or --dtype float32.",
         value);
  return value;
}

}  // namespace lineas
