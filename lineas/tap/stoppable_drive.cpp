#include "lineas/tap/stoppable_drive.h"

#include "lineas/base/error.h"

namespace lineas {
namespace {

// Hands on what the tap behind it answers.
class StopTap : public Tap {
 public:
  StopTap(const std::function<bool()>& is_cancelled,
          const SiteTable& sites,
          Tap& behind)
      : is_cancelled_(is_cancelled), sites_(sites), behind_(behind) {}

  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override {
    if (is_cancelled_())
      fail(ErrorKind::cancelled, "stopped at site \"{}\"", sites_[site].name);
    return behind_.visit(site, std::move(x), context);
  }
  bool finished() const override { return behind_.finished(); }

 private:
  const std::function<bool()>& is_cancelled_;
  const SiteTable& sites_;
  Tap& behind_;
};

}  // namespace

void StoppableDrive::advance(Trajectory& trajectory, Tap& tap) {
  if (!is_cancelled_) return inner_.advance(trajectory, tap);
  StopTap stop(is_cancelled_, inner_.sites(), tap);
  inner_.advance(trajectory, stop);
}

}  // namespace lineas
