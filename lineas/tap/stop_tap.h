// Where long work asks whether to go on: at every site of every pass.
#pragma once

#include <functional>

#include "lineas/tap/tap.h"

namespace lineas {

/// Asks at every visit, and throws cancelled where the answer is yes. What is
/// kept of the work, its owner adds to the message.
class StopTap : public Tap {
 public:
  /// Null: never stops. Must outlive the tap.
  explicit StopTap(const std::function<bool()>& is_cancelled)
      : is_cancelled_(is_cancelled) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override;

 private:
  const std::function<bool()>& is_cancelled_;
};

}  // namespace lineas
