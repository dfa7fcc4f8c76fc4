#include "lineas/descent/whitening.h"

#include "lineas/ot/moments.h"

namespace lineas {
namespace {

// A neuron that hardly varies is treated as if it varied by these shares of its
// site's usual deviation and of its site's size, or its scale would swing at
// the least slope.
constexpr double kLeastOfUsual = 0.1, kLeastOfSize = 0.01;
// Where a whole site hardly varies its size gives the unit.
constexpr double kLeastUnit = 1e-3;

Tensor root_mean_square(const Tensor& x) {
  return x.square().mean().sqrt();
}

}  // namespace

Whitening::Axes Whitening::axes_of(const Tensor& source_ND, double turn_pace) {
  const Moments found = moments(source_ND);
  const Tensor size = root_mean_square(source_ND);
  const Tensor usual = root_mean_square(found.deviation_D);
  const Tensor unit = at::maximum(usual, size * kLeastUnit);
  const Tensor least = at::hypot(usual * kLeastOfUsual, size * kLeastOfSize);
  // 0 for a neuron that does not vary: there is no telling its slope.
  const Tensor reach_D = (unit / at::hypot(found.deviation_D, least))
                             .masked_fill(is_flat(found, found), 0);
  return {source_ND.size(1), found.mean_D, reach_D * turn_pace, unit};
}

Whitening::Whitening(const std::vector<Tensor>& source,
                     const AffineParameters& parameters,
                     double turn_pace) {
  const auto options = parameters.values().options();
  for (size_t place = 0; place < source.size(); ++place) {
    const int64_t width = parameters.scale_D(place).size(0);
    const Axes axes =
        source[place].defined()
            ? axes_of(source[place], turn_pace)
            : Axes{width, at::zeros({width}), at::ones({width}), at::ones({})};
    axes_.push_back({axes.width,
                     axes.mean_D.to(options),
                     axes.reach_D.to(options),
                     axes.unit.to(options)});
  }
}

// body(site, scales_D in, shifts_D in, scales_D out, shifts_D out).
template <typename Body>
Tensor Whitening::by_site(const Tensor& in_P, Body body) const {
  Tensor out_P = at::empty_like(in_P);
  int64_t begin = 0;
  for (const Axes& site : axes_) {
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
                   slide.copy_(shift * site.unit);
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
                   shift.copy_(slide * site.unit - site.mean_D * scale);
                 });
}

}  // namespace lineas
