#include "lineas/tap/stop_tap.h"

#include "lineas/base/error.h"

namespace lineas {

Tensor StopTap::visit(SiteIndex, Tensor x, const PassContext&) {
  if (is_cancelled_ && is_cancelled_()) fail(ErrorKind::cancelled, "stopped");
  return x;
}

}  // namespace lineas
