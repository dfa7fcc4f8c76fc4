#include "lineas/learn/objective.h"

#include "lineas/base/error.h"
#include "lineas/base/seed.h"

namespace lineas {
namespace {

// The first `count` entries of a random order of `total`.
Tensor draw(int64_t total, int64_t count, uint64_t seed) {
  std::vector<int64_t> order = Random(seed).permutation(total);
  order.resize(count);
  return at::tensor(order, at::kLong);
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

MatchObjective::MatchObjective(std::vector<Tensor> target,
                               const ObjectiveOptions& options)
    : target_(std::move(target)), options_(options) {
  if (target_.empty()) fail(ErrorKind::usage, "no site to match");
}

TransportLoss MatchObjective::subsampled(const Tensor& source_ND,
                                         size_t site,
                                         int64_t step) {
  const int64_t n = source_ND.size(0), m = target_[site].size(0);
  const uint64_t seed =
      derive_seed(options_.seed, {static_cast<uint64_t>(step), site});
  const Tensor rows =
      draw(std::max(n, m), std::min(n, m), seed).to(source_ND.device());
  if (n < m)
    return transport_loss(source_ND,
                          couple(target_[site].index_select(0, rows), n));
  TransportLoss drawn =
      transport_loss(source_ND.index_select(0, rows), couple(target_[site], m));
  Tensor gradient_ND = at::zeros_like(source_ND);
  gradient_ND.index_copy_(0, rows, drawn.gradient_ND);
  return {drawn.loss_D, gradient_ND};
}

TransportLoss MatchObjective::site_value(const Tensor& source_ND,
                                         size_t site,
                                         int64_t step) {
  const bool is_equal = source_ND.size(0) == target_[site].size(0);
  if (options_.match == OtMatch::subsample && !is_equal)
    return subsampled(source_ND, site, step);
  return transport_loss(source_ND, coupled_[site]);
}

ObjectiveValue MatchObjective::evaluate(const std::vector<Tensor>& source,
                                        int64_t step) {
  if (source.size() != target_.size())
    fail(ErrorKind::usage,
         "{} source responses for {} matched sites",
         source.size(),
         target_.size());
  const int64_t n = source[0].size(0);
  if (coupled_for_ != n) {
    coupled_.clear();
    for (const Tensor& target_MD : target_)
      coupled_.push_back(couple(target_MD, n));
    coupled_for_ = n;
  }
  ObjectiveValue value;
  const double samples = options_.reduction == LossReduction::mean ? n : 1;
  const double sites = static_cast<double>(source.size());
  for (size_t s = 0; s < source.size(); ++s) {
    const TransportLoss site = site_value(source[s], s, step);
    const double width = static_cast<double>(source[s].size(1));
    value.site_loss.push_back(site.loss_D.mean().item<double>() / samples);
    value.loss += value.site_loss.back() / sites;
    value.gradient_ND.push_back(site.gradient_ND / (samples * sites * width));
  }
  return value;
}

}  // namespace lineas
