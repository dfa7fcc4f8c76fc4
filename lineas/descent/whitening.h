// Coordinates of the maps in which a site's own transport loss is nearly a
// sphere: a neuron's scale turns about the mean of its source responses and is
// measured in their deviation, both in units of what is usual at the site.
// Takes away what makes first-order steps slow: the pull of scale and shift on
// one another, and neurons and sites of different size. A neuron whose
// responses do not vary keeps its scale.
//
// Suffixes: N source samples, D neurons, P parameters.
#pragma once

#include "lineas/descent/parameters.h"

namespace lineas {

class Whitening {
 public:
  /// `source`: what the source prompts answer at every mapped site before its
  /// map, [N, D]; an undefined tensor leaves that site's coordinates alone.
  /// `turn_pace`: how fast scales move against shifts; 1 makes the sphere.
  explicit Whitening(const std::vector<Tensor>& source,
                     const AffineParameters& parameters,
                     double turn_pace = 1);

  /// A gradient for the maps as one for the white coordinates.
  Tensor gradient_P(const Tensor& gradient_P) const;
  /// A move of the white coordinates as one of the maps.
  Tensor move_P(const Tensor& white_P) const;

 private:
  // One site's coordinates (turn, slide): d scale = reach turn,
  // d shift = unit slide - mean d scale.
  struct Axes {
    int64_t width;
    Tensor mean_D, reach_D, unit;
  };
  static Axes axes_of(const Tensor& source_ND, double turn_pace);
  template <typename Body>
  Tensor by_site(const Tensor& in_P, Body body) const;

  std::vector<Axes> axes_;
};

}  // namespace lineas
