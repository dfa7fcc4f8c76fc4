// After the fact: where in a run the first NaN or infinite value arises.
#pragma once

#include "lineas/tap/tap.h"

namespace lineas {

/// Ends the pass at the first site whose values are not all finite.
class FirstNotFinite : public Tap {
 public:
  Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
    if (site_ < 0 && !x.isfinite().all().item<bool>()) site_ = site;
    return x;
  }
  bool finished() const override { return site_ >= 0; }
  /// -1 where there was none.
  SiteIndex site() const { return site_; }

 private:
  SiteIndex site_ = -1;
};

}  // namespace lineas
