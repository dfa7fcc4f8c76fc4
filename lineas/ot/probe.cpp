#include "lineas/ot/probe.h"

#include "lineas/base/error.h"
#include "lineas/base/seed.h"

namespace lineas {
namespace {

constexpr int kMostSteps = 100;
constexpr double kSettled = 1e-10;  // Newton decrement
constexpr double kLeastWeight = 1e-12;

// The probe as w = sum_i share_i x_i: all that is asked of the samples is their
// products gram_NN.
struct DualProbe {
  Tensor share_N;
  double bias = 0;
};

// Stationary where share = t sigma(-t f) and the shares sum to 0.
class Newton {
 public:
  Newton(const Tensor& gram_NN, const Tensor& sign_N)
      : gram_NN_(gram_NN), sign_N_(sign_N), probe_{at::zeros_like(sign_N), 0} {}

  DualProbe solve() {
    for (int step = 0; step < kMostSteps; ++step)
      if (improve() < kSettled) return probe_;
    fail(ErrorKind::numeric,
         "a linear probe of {} samples did not settle in {} Newton steps. Are "
         "the responses of a sane size?",
         sign_N_.size(0),
         kMostSteps);
  }

 private:
  Tensor odds_N(const DualProbe& probe) const {
    return gram_NN_.matmul(probe.share_N) + probe.bias;
  }
  double objective(const DualProbe& probe) const {
    const Tensor image_N = gram_NN_.matmul(probe.share_N);
    const Tensor loss = at::softplus(-sign_N_ * (image_N + probe.bias)).sum();
    return (loss + probe.share_N.dot(image_N) / 2).item<double>();
  }

  // Where the quadratic model at the present odds is smallest: the bordered
  // system (gram + 1/r) share + bias = z, sum of shares = 0.
  DualProbe minimum_of_model() const {
    const int64_t n = sign_N_.size(0);
    const Tensor odds = odds_N(probe_);
    const Tensor pull_N = sign_N_ * at::sigmoid(-sign_N_ * odds);
    const Tensor weight_N =
        (at::sigmoid(odds) * at::sigmoid(-odds)).clamp_min(kLeastWeight);
    const Tensor goal_N = odds + pull_N / weight_N;
    Tensor system = at::zeros({n + 1, n + 1}, gram_NN_.options());
    system.narrow(0, 0, n).narrow(1, 0, n).copy_(
        gram_NN_ + at::diag(weight_N.reciprocal()));
    system.select(0, n).narrow(0, 0, n).fill_(1);
    system.select(1, n).narrow(0, 0, n).fill_(1);
    const Tensor solved = at::linalg_solve(
        system, at::cat({goal_N, at::zeros({1}, goal_N.options())}));
    return {solved.narrow(0, 0, n), solved[n].item<double>()};
  }

  // One step, halved until the objective falls. Returns by how much it fell.
  double improve() {
    const DualProbe goal = minimum_of_model();
    const double before = objective(probe_);
    for (double length = 1; length > kSettled; length /= 2) {
      const DualProbe next{at::lerp(probe_.share_N, goal.share_N, length),
                           probe_.bias + length * (goal.bias - probe_.bias)};
      const double gain = before - objective(next);
      if (!(gain > 0)) continue;
      probe_ = next;
      return gain / (1 + before);
    }
    return 0;
  }

  Tensor gram_NN_, sign_N_;
  DualProbe probe_;
};

Tensor signs(const Tensor& is_target_N) {
  return is_target_N.to(at::kDouble) * 2 - 1;
}

DualProbe solve(const Tensor& gram_NN, const Tensor& is_target_N) {
  return Newton(gram_NN, signs(is_target_N)).solve();
}

// The fold of every sample: those of each side are dealt out in a random order.
std::vector<int64_t> deal_folds(const Tensor& is_target_N,
                                int64_t folds,
                                uint64_t seed) {
  std::vector<int64_t> fold(is_target_N.size(0));
  int64_t dealt = 0;
  for (const int64_t i : Random(seed).permutation(is_target_N.size(0)))
    if (is_target_N[i].item<bool>()) fold[i] = dealt++ % folds;
  dealt = 0;
  for (const int64_t i : Random(seed).permutation(is_target_N.size(0)))
    if (!is_target_N[i].item<bool>()) fold[i] = dealt++ % folds;
  return fold;
}

}  // namespace

Probe fit_probe(const Tensor& x_ND, const Tensor& is_target_N) {
  const Tensor wide_ND = x_ND.to(at::kDouble);
  const DualProbe probe = solve(wide_ND.matmul(wide_ND.t()), is_target_N);
  return {wide_ND.t().matmul(probe.share_N), probe.bias};
}

double cross_validated_accuracy(const Tensor& x_ND,
                                const Tensor& is_target_N,
                                int64_t folds,
                                uint64_t seed) {
  const Tensor wide_ND = x_ND.to(at::kDouble);
  const Tensor gram_NN = wide_ND.matmul(wide_ND.t());
  const Tensor fold_N =
      at::tensor(deal_folds(is_target_N, folds, seed), at::kLong)
          .to(x_ND.device());
  int64_t right = 0;
  for (int64_t fold = 0; fold < folds; ++fold) {
    const Tensor seen = fold_N.ne(fold).nonzero().flatten();
    const Tensor held = fold_N.eq(fold).nonzero().flatten();
    const DualProbe probe =
        solve(gram_NN.index_select(0, seen).index_select(1, seen),
              is_target_N.index_select(0, seen));
    const Tensor odds =
        gram_NN.index_select(0, held).index_select(1, seen).matmul(
            probe.share_N) +
        probe.bias;
    right += (odds * signs(is_target_N.index_select(0, held)))
                 .gt(0)
                 .sum()
                 .item<int64_t>();
  }
  return static_cast<double>(right) / static_cast<double>(x_ND.size(0));
}

}  // namespace lineas
