#include "lineas/descent/whitening.h"

#include "lineas/ot/moments.h"

namespace lineas {
namespace {

// A neuron that hardly varies is treated as if it varied by these shares of its
// site's usual deviation and of its site's size, or its scale would swing at
// the least slope.
constexpr double kLeastOfUsual = 0.1, kLeastOfSize = 0.01;

Tensor root_mean_square(const Tensor& x) {
  return x.square().mean().sqrt();
}

// How far a scale goes at a step of 1 in white coordinates: one over the
// deviation. 0 for a neuron that does not vary: there is no telling its slope.
Tensor reach_of(const Tensor& source_ND, const Moments& found) {
  const Tensor usual = root_mean_square(found.deviation_D) * kLeastOfUsual;
  const Tensor least = root_mean_square(source_ND) * kLeastOfSize;
  return at::hypot(found.deviation_D, at::hypot(usual, least))
      .reciprocal()
      .masked_fill(is_flat(found, found), 0);
}

}  // namespace

Whitening::Whitening(const std::vector<Tensor>& source,
                     const AffineParameters& parameters,
                     double turn_pace) {
  for (size_t place = 0; place < source.size(); ++place) {
    const int64_t width = parameters.scale_D(place).size(0);
    const auto options = parameters.values().options();
    Axes site{width, at::zeros({width}, options), at::ones({width}, options)};
    if (source[place].defined()) {
      const Moments found = moments(source[place]);
      site.mean_D = found.mean_D.to(options);
      site.reach_D = (reach_of(source[place], found) * turn_pace).to(options);
    }
    sites_.push_back(site);
  }
}

// body(site, scales_D in, shifts_D in, scales_D out, shifts_D out).
template <typename Body>
Tensor Whitening::by_site(const Tensor& in_P, Body body) const {
  Tensor out_P = at::empty_like(in_P);
  int64_t begin = 0;
  for (const Axes& site : sites_) {
    const auto scales = [&](const Tensor& x) {
      return x.narrow(0, begin, site.width);
    };
    const auto shifts = [&](const Tensor& x) {
      return x.narrow(0, begin + site.width, site.width);
    };
    body(site, scales(in_P), shifts(in_P), scales(out_P), shifts(out_P));
    begin += 2 * site.width;
  }
  return out_P;
}

Tensor Whitening::gradient_P(const Tensor& gradient_P) const {
  return by_site(gradient_P,
                 [](const Axes& site,
                    const Tensor& scale,
                    const Tensor& shift,
                    Tensor turn,
                    Tensor slide) {
                   turn.copy_((scale - site.mean_D * shift) * site.reach_D);
                   slide.copy_(shift);
                 });
}

Tensor Whitening::move_P(const Tensor& white_P) const {
  return by_site(white_P,
                 [](const Axes& site,
                    const Tensor& turn,
                    const Tensor& slide,
                    Tensor scale,
                    Tensor shift) {
                   scale.copy_(turn * site.reach_D);
                   shift.copy_(slide - site.mean_D * scale);
                 });
}

}  // namespace lineas
