#include "lineas/descent/objective.h"

#include <algorithm>
#include <numeric>

#include "lineas/base/error.h"
#include "lineas/base/seed.h"
#include "lineas/ot/moments.h"

namespace lineas {
namespace {

// The first `count` entries of a random order of `total`.
Tensor draw(int64_t total, int64_t count, uint64_t seed) {
  std::vector<int64_t> order = Random(seed).permutation(total);
  order.resize(count);
  return at::tensor(order, at::kLong);
}

// Mean over its neurons for every site. In double on the host: thousands of
// small numbers, read once.
std::vector<double> site_means(const Tensor& loss_W,
                               const std::vector<int64_t>& widths) {
  const Tensor wide_W = loss_W.to(at::kCPU, at::kDouble).contiguous();
  const double* next = wide_W.const_data_ptr<double>();
  std::vector<double> means;
  for (const int64_t width : widths) {
    means.push_back(std::accumulate(next, next + width, 0.0) /
                    static_cast<double>(width));
    next += width;
  }
  return means;
}

}  // namespace

OtMatch parse_ot_match(const std::string& name) {
  if (name == "exact") return OtMatch::exact;
  if (name == "subsample") return OtMatch::subsample;
  fail(ErrorKind::usage, "--ot-match {}: use exact or subsample", name);
}

LossReduction parse_loss_reduction(const std::string& name) {
  if (name == "sum") return LossReduction::sum;
  if (name == "mean") return LossReduction::mean;
  fail(ErrorKind::usage, "--loss-reduction {}: use sum or mean", name);
}

MatchObjective::MatchObjective(const std::vector<Tensor>& target,
                               const ObjectiveOptions& options)
    : options_(options) {
  if (target.empty()) fail(ErrorKind::usage, "no site to match");
  target_MW_ = at::cat(target, 1);
  share_W_ = at::empty({target_MW_.size(1)}, target_MW_.options());
  int64_t begin = 0;
  for (const Tensor& target_MD : target) {
    widths_.push_back(target_MD.size(1));
    share_W_.narrow(0, begin, widths_.back())
        .fill_(1.0 / static_cast<double>(target.size() * widths_.back()));
    begin += widths_.back();
  }
}

const CoupledTarget& MatchObjective::coupled_for(int64_t n) {
  if (coupled_n_ != n) coupled_ = couple(target_MW_, n);
  coupled_n_ = n;
  return coupled_;
}

// Which samples of the larger side take part: one draw a site and step, the
// same for all its neurons.
Tensor MatchObjective::draw_KW(int64_t total,
                               int64_t count,
                               int64_t step) const {
  std::vector<Tensor> drawn;
  for (size_t site = 0; site < widths_.size(); ++site) {
    const uint64_t seed =
        derive_seed(options_.seed, {static_cast<uint64_t>(step), site});
    drawn.push_back(
        draw(total, count, seed).unsqueeze(1).expand({count, widths_[site]}));
  }
  return at::cat(drawn, 1).to(target_MW_.device());
}

TransportLoss MatchObjective::subsampled(const Tensor& response_NW,
                                         int64_t step) {
  const int64_t n = response_NW.size(0), m = target_MW_.size(0);
  const Tensor rows_KW = draw_KW(std::max(n, m), std::min(n, m), step);
  if (n < m)
    return transport_loss(response_NW,
                          couple(target_MW_.gather(0, rows_KW), n));
  const TransportLoss drawn =
      transport_loss(response_NW.gather(0, rows_KW), coupled_for(m));
  const Tensor gradient_NW =
      at::zeros_like(response_NW).scatter_(0, rows_KW, drawn.gradient_ND);
  return {drawn.loss_D, gradient_NW};
}

ObjectiveValue MatchObjective::evaluate(const Tensor& response_NW,
                                        int64_t step) {
  const int64_t n = response_NW.size(0), m = target_MW_.size(0);
  if (response_NW.size(1) != target_MW_.size(1))
    fail(ErrorKind::usage,
         "the source responses have {} neurons, the target's have {}",
         response_NW.size(1),
         target_MW_.size(1));
  const bool is_drawn = options_.match == OtMatch::subsample && n != m;
  const TransportLoss transport =
      is_drawn ? subsampled(response_NW, step)
               : transport_loss(response_NW, coupled_for(n));
  const double samples = options_.reduction == LossReduction::sum ? 1
                         : is_drawn ? static_cast<double>(std::min(n, m))
                                    : static_cast<double>(n);
  ObjectiveValue value;
  value.site_loss = site_means(transport.loss_D / samples, widths_);
  value.loss =
      std::accumulate(value.site_loss.begin(), value.site_loss.end(), 0.0) /
      static_cast<double>(widths_.size());
  value.gradient_NW = transport.gradient_ND * (share_W_ / samples);
  return value;
}

bool MatchObjective::is_met_by(const Tensor& response_NW) {
  const int64_t n = response_NW.size(0);
  const Tensor loss_W = transport_loss(response_NW, coupled_for(n)).loss_D;
  int64_t begin = 0;
  for (const int64_t width : widths_) {
    const Tensor rounding_D = rounding(response_NW.narrow(1, begin, width));
    const Tensor loss_D = loss_W.narrow(0, begin, width);
    if (!loss_D.le(rounding_D.square() * n).all().item<bool>()) return false;
    begin += width;
  }
  return true;
}

}  // namespace lineas
