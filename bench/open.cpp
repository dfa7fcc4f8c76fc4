// How long it takes from the start of a program to the first layer of a large
// checkpoint, and what memory it takes to use it: open FOLDER [DTYPE] prints
// one JSON line.
#include <iostream>

#include "bench/timing.h"
#include "lineas/base/error.h"
#include "lineas/base/memory.h"
#include "lineas/engine/engine.h"
#include "lineas/generate/text_drive.h"

namespace lineas::bench {
namespace {

// Stops the pass behind one site, and says when that was.
class FirstLayer : public Tap {
 public:
  explicit FirstLayer(SiteIndex site) : site_(site) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
    seen_ = seen_ || site == site_;
    return x;
  }
  bool finished() const override { return seen_; }

 private:
  SiteIndex site_;
  bool seen_ = false;
};

Json measure(const std::string& folder, const std::string& dtype) {
  const c10::NoGradGuard no_gradients;
  const int64_t before = resident_bytes();
  std::unique_ptr<Engine> engine;
  const double seconds = seconds_of([&] {
    engine = std::make_unique<Engine>(
        folder, EngineOptions{.device = "cpu", .dtype = dtype});
    TextDrive drive(engine->model(), {{1, 2, 3, 4}});
    FirstLayer tap(engine->model().sites().find("model.layers.0"));
    drive.run(std::vector<int64_t>{0}, tap);
  });
  TextDrive drive(engine->model(), {{1, 2, 3, 4}});
  FirstLayer nothing(-1);
  drive.run(std::vector<int64_t>{0}, nothing);
  const auto weights = static_cast<double>(engine->model().weight_bytes());
  const auto taken = static_cast<double>(peak_resident_bytes() - before);
  return {{"first_layer_seconds", seconds},
          {"weight_bytes", weights},
          {"memory_ratio", taken / weights}};
}

}  // namespace
}  // namespace lineas::bench

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "open FOLDER [DTYPE]\n";
    return 2;
  }
  const std::string dtype = argc > 2 ? argv[2] : "auto";
  std::cout << lineas::bench::measure(argv[1], dtype).dump() << std::endl;
} catch (const lineas::Error& error) {
  std::cerr << error.what() << '\n';
  return lineas::exit_code(error.kind());
}
