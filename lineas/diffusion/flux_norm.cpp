#include "lineas/diffusion/flux_norm.h"

namespace lineas {
namespace {

constexpr double kEps = 1e-6;

}  // namespace

Tensor modulate(const Tensor& x_BTD,
                const Tensor& scale_BD,
                const Tensor& shift_BD) {
  return x_BTD * (1 + scale_BD).unsqueeze(1) + shift_BD.unsqueeze(1);
}

AdaNormZero::AdaNormZero(const WeightScope& scope,
                         int64_t width,
                         bool is_single)
    : sites_(make_sites(scope, width, is_single)),
      silu_(scope / "silu", width),
      linear_(scope / "linear", width, (is_single ? 3 : 6) * width, true),
      norm_(LayerNorm::without_gain(scope / "norm", width, kEps)) {}

std::vector<SiteIndex> AdaNormZero::make_sites(const WeightScope& scope,
                                               int64_t width,
                                               bool is_single) {
  std::vector<SiteIndex> sites = {scope.site(width)};
  const int64_t elements = is_single ? 2 : 5;
  for (int64_t element = 1; element < elements; ++element)
    sites.push_back(scope.element_site(element, width));
  return sites;
}

AdaNormOutput AdaNormZero::operator()(const Tensor& x_BTD,
                                      const Tensor& condition_BD,
                                      Pass& pass) const {
  const Tensor all = linear_(silu_(condition_BD, pass), pass);
  const std::vector<Tensor> parts =
      all.split(x_BTD.size(-1), /*dim=*/1);  // shift, scale, gate, the same
  const Tensor normed_BTD = norm_(x_BTD, pass);
  std::vector<Tensor> outputs = {modulate(normed_BTD, parts[1], parts[0])};
  outputs.insert(outputs.end(), parts.begin() + 2, parts.end());
  for (size_t i = 0; i < sites_.size(); ++i)
    outputs[i] = pass.visit(sites_[i], outputs[i]);
  outputs.resize(5);
  return {outputs[0], outputs[1], outputs[2], outputs[3], outputs[4]};
}

AdaNormContinuous::AdaNormContinuous(const WeightScope& scope, int64_t width)
    : site_(scope.site(width)),
      silu_(scope / "silu", width),
      linear_(scope / "linear", width, 2 * width, true),
      norm_(LayerNorm::without_gain(scope / "norm", width, kEps)) {}

Tensor AdaNormContinuous::operator()(const Tensor& x_BTD,
                                     const Tensor& condition_BD,
                                     Pass& pass) const {
  const std::vector<Tensor> parts =
      linear_(silu_(condition_BD, pass), pass).chunk(2, 1);
  return pass.visit(site_, modulate(norm_(x_BTD, pass), parts[0], parts[1]));
}

}  // namespace lineas
