// What learning and steering cost on a picture model, in ratios of one run:
// pictures MODEL [PAIRS] [SIDE] [ROWS] prints one JSON line. The floor of a
// learning step is the same denoising call, forward and backward through
// activations alone, to the last matched norm: no maps, no objective.
#include <iostream>

#include "bench/timing.h"
#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/base/memory.h"
#include "lineas/engine/picture_memory.h"
#include "lineas/engine/picture_run.h"
#include "lineas/learn/map_loss.h"
#include "lineas/tensor/allocated.h"

namespace lineas::bench {
namespace {

constexpr const char* kSites = "unet.*norm.*";
constexpr int64_t kSteps = 4;

/// Starts the graph at the first tensor it sees and ends at the last norm.
class FloorTap : public Tap {
 public:
  explicit FloorTap(SiteIndex last) : last_(last) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
    if (!has_begun_) {
      has_begun_ = true;
      return x.detach().requires_grad_();
    }
    if (site == last_) end_ = x;
    return x;
  }
  bool finished() const override { return end_.defined(); }
  void backward() const { end_.sum().backward(); }

 private:
  SiteIndex last_;
  bool has_begun_ = false;
  Tensor end_;
};

class Bench {
 public:
  Bench(const std::string& model, int64_t side, int64_t rows)
      : engine_(model,
                PictureEngineOptions{{.device = "cpu", .dtype = "float32"}}),
        rows_(rows) {
    settings_.size = {side, side};
    settings_.sampler.steps = kSteps;
  }

  Json run(int pairs) {
    Json figures = learning(pairs);
    figures.update(drawing(pairs));
    return figures;
  }

 private:
  PictureDrive drive(bool by_layer) const {
    PictureRows rows{.prompts = {"a red cat on grass", "a blue star"},
                     .seeds = {0}};
    for (int64_t i = 0; i < rows_; ++i) rows.rows.push_back({0, 0});
    rows.rows.push_back({1, 0});
    return {
        engine_.model(), settings_, rows, {.calls = 1, .cuts_calls = by_layer}};
  }

  std::vector<int64_t> sources() const {
    std::vector<int64_t> sources;
    for (int64_t i = 0; i < rows_; ++i) sources.push_back(i);
    return sources;
  }

  // A loss over all rows, of its own drive.
  struct Step {
    Step(const Bench& bench, bool by_layer)
        : drive(bench.drive(by_layer)),
          problem{.drive = drive,
                  .source_rows = bench.sources(),
                  .target_rows = {bench.rows_},
                  .map_places = drive.places(kSites),
                  .match_places = drive.places(kSites, true)},
          parameters(drive.sites(), problem.map_places),
          loss(problem, parameters, {.response = {.by_segment = by_layer}}) {}
    void run() { loss.evaluate(problem.source_rows, 0); }

    PictureDrive drive;
    const Problem problem;
    AffineParameters parameters;
    MapLoss loss;
  };

  double peak(bool by_layer) const {
    AllocationCount count;  // first, so that it sees all that is freed
    Step step(*this, by_layer);
    const int64_t before = count.restart();
    step.run();
    return static_cast<double>(count.peak() - before);
  }

  void floor(PictureDrive& drive, SiteIndex last) const {
    const at::AutoGradMode with_gradients(true);
    FloorTap tap(last);
    drive.run(sources(), tap);
    tap.backward();
  }

  Json learning(int pairs) {
    Step whole(*this, false), by_layer(*this, true);
    PictureDrive plain = drive(false);
    const SiteIndex last = plain.sites().find("unet.conv_norm_out");
    std::vector<double> steps, floors, over_floor, recompute;
    for (int i = 0; i <= pairs; ++i) {
      const double floor_s = seconds_of([&] { floor(plain, last); });
      const double step_s = seconds_of([&] { whole.run(); });
      const double layer_s = seconds_of([&] { by_layer.run(); });
      if (i == 0) continue;  // warm-up
      steps.push_back(step_s);
      floors.push_back(floor_s);
      over_floor.push_back(step_s / floor_s);
      recompute.push_back(layer_s / step_s);
    }
    const PictureMemory planned = measure_memory(engine_.model(),
                                                 {.settings = settings_,
                                                  .calls = 1,
                                                  .sites = kSites,
                                                  .match = kSites,
                                                  .rows = rows_});
    const double whole_peak = peak(false), layer_peak = peak(true);
    return {{"learn_step", median(steps)},
            {"floor_step", median(floors)},
            {"learn_over_floor", median(over_floor)},
            {"recompute_time", median(recompute)},
            {"recompute_memory", layer_peak / whole_peak},
            {"planned_over_peak",
             planned.needs(settings_.size, false) / whole_peak},
            {"planned_over_peak_recompute",
             planned.needs(settings_.size, true) / layer_peak}};
  }

  Json drawing(int pairs) const {
    MapSet set;
    const SiteTable& sites = engine_.model().sites();
    for (const SiteIndex site : sites.match(kSites))
      set.maps.add(sites[site].name,
                   AffineMap{at::full({sites[site].width}, 1.01),
                             at::full({sites[site].width}, 0.01)});
    PictureRequest plain{.prompts = {"a red cat on grass"},
                         .settings = settings_,
                         .samples = rows_,
                         .batch = rows_};
    PictureRequest steered = plain;
    steered.steerings = {{set}};
    std::vector<double> seconds, ratios;
    for (int i = 0; i <= pairs; ++i) {
      const double plain_s = seconds_of([&] { run_pictures(engine_, plain); });
      const double steered_s =
          seconds_of([&] { run_pictures(engine_, steered); });
      if (i == 0) continue;
      seconds.push_back(plain_s / static_cast<double>(rows_));
      ratios.push_back(steered_s / plain_s);
    }
    return {{"picture", median(seconds)}, {"steering", median(ratios)}};
  }

  PictureEngine engine_;
  PictureSettings settings_;
  int64_t rows_;
};

}  // namespace
}  // namespace lineas::bench

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "pictures MODEL [PAIRS] [SIDE] [ROWS]\n";
    return 2;
  }
  const auto number = [&](int place, int fallback) {
    return argc > place ? std::stoi(argv[place]) : fallback;
  };
  lineas::keep_freed_memory();
  lineas::bench::Bench bench(argv[1], number(3, 64), number(4, 8));
  std::cout << bench.run(number(2, 5)).dump() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
