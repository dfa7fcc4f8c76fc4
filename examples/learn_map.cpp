// Learning maps on a model of one's own: whatever runs rows through named sites
// is a Drive, here two random layers that see points. Prints strength and W2^2
// (squared transport distance) to the target, on points held out from learning.
#include <fmt/format.h>

#include <numeric>

#include "lineas/learn/lineas.h"
#include "lineas/maps/steer_tap.h"
#include "lineas/tap/recorder.h"

class PointDrive : public lineas::Drive {
 public:
  explicit PointDrive(const at::Tensor& points_ND) : points_ND_(points_ND) {
    for (const char* name : {"first", "second"}) sites_.add(name, 16);
  }
  void advance(lineas::Trajectory& way, lineas::Tap& tap) override {
    ++way.segment;
    const auto& rows = way.rows;
    const std::vector<int64_t> lengths(rows.size(), 1);
    lineas::Pass pass({.rows = lineas::pack_rows(lengths, rows)}, &tap);
    at::Tensor x_SD = points_ND_.slice(0, rows.front(), rows.back() + 1);
    lineas::run_until_finished([&] {
      for (int i = 0; i < 2; ++i)
        x_SD = pass.visit(i, at::linear(x_SD, weight_2DD_[i]).tanh());
    });
  }
  const lineas::SiteTable& sites() const override { return sites_; }
  int64_t row_count() const override { return points_ND_.size(0); }

 private:
  at::Tensor points_ND_;
  at::Tensor weight_2DD_ = at::randn({2, 16, 16}) / 4;
  lineas::SiteTable sites_;
};

std::vector<int64_t> rows_from(int64_t first) {
  std::vector<int64_t> rows(64);
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

int main() {
  at::manual_seed(7);
  const at::Tensor points_ND = at::randn({256, 16});
  points_ND.narrow(0, 0, 128).mul_(0.5).add_(1);  // where the source lies
  PointDrive drive(points_ND);
  // One map, matched behind it; rows 64-127 and 192-255 are held out.
  const auto last = drive.places("second");
  const lineas::Problem problem{
      drive, rows_from(0), rows_from(128), drive.places("first"), last};
  lineas::LineasLearner learner({.steps = 300, .lr = 0.02}, {});
  lineas::Progress silent;
  const lineas::MapSet maps = learner.learn(problem, silent);
  const auto target_ND = lineas::record(drive, rows_from(192), last)[0];
  const auto target = lineas::couple(target_ND, 64);
  for (const double strength : {0.0, 0.5, 1.0}) {
    lineas::SteerTap tap(drive.sites(), {{maps, strength}});
    const auto moved_ND =
        lineas::record(drive, rows_from(64), last, {.before = &tap})[0];
    const auto loss_D = lineas::transport_loss(moved_ND, target).loss_D / 64;
    fmt::print("{:.1f}: {:.4f}\n", strength, loss_D.mean().item<double>());
  }
}
