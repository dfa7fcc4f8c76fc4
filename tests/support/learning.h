// Learning in a test: a toy drive of a few sites whose calls are counted, and
// the short way from options to a map.
#pragma once

#include <map>
#include <numeric>

#include "lineas/base/seed.h"
#include "lineas/learn/lineas.h"
#include "tests/support/folder.h"
#include "tests/support/language_model_run.h"

namespace lineas::testing {

/// Four sites "a" to "d", each tanh(former x weights); rows of 1 to 4 tokens.
/// The first half of the rows is one distribution, the second another.
class ToyDrive : public Drive {
 public:
  explicit ToyDrive(int64_t rows = 16) {
    at::manual_seed(11);
    const int64_t widths[] = {6, 5, 4, 3};
    int64_t width = 6;
    for (size_t i = 0; i < std::size(widths); ++i) {
      sites_.add(std::string(1, static_cast<char>('a' + i)), widths[i]);
      weights_.push_back(at::randn({width, widths[i]}) * 0.5);
      width = widths[i];
    }
    for (int64_t row = 0; row < rows; ++row) {
      const bool is_target = row >= rows / 2;
      rows_.push_back(at::randn({1 + row % 4, 6}) * (is_target ? 0.5 : 1.0) +
                      (is_target ? 0.7 : -0.3));
    }
  }

  void advance(Trajectory& trajectory, Tap& tap) override {
    ++trajectory.segment;
    const std::vector<int64_t>& rows = trajectory.rows;
    std::vector<int64_t> lengths;
    std::vector<Tensor> tokens;
    for (const int64_t row : rows) {
      lengths.push_back(rows_[row].size(0));
      tokens.push_back(rows_[row]);
    }
    calls.push_back(rows);
    Pass pass({.rows = pack_rows(lengths, rows)}, &tap);
    Tensor x_SD = at::cat(tokens);
    run_until_finished([&] {
      for (SiteIndex site = 0; site < sites_.size(); ++site) {
        ++visits[site];
        const Tensor next_SD = at::tanh(at::matmul(x_SD, weights_[site]));
        x_SD = pass.visit(site, next_SD * unit) / unit;
      }
    });
  }
  const SiteTable& sites() const override { return sites_; }
  int64_t row_count() const override {
    return static_cast<int64_t>(rows_.size());
  }
  std::vector<Tensor>& weights() { return weights_; }

  double unit = 1;                  // that taps see responses in
  std::vector<Ids> calls;           // rows of every run
  std::map<SiteIndex, int> visits;  // of every site

 private:
  SiteTable sites_;
  std::vector<Tensor> weights_, rows_;
};

/// Cancels while the drive is called for the n-th time.
class StopInCall : public Progress {
 public:
  StopInCall(const ToyDrive& drive, size_t call) : drive_(drive), call_(call) {}
  bool is_cancelled() const override { return drive_.calls.size() >= call_; }

 private:
  const ToyDrive& drive_;
  size_t call_;
};

inline Ids rows_between(int64_t begin, int64_t end) {
  Ids rows(end - begin);
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

/// The drive's first `source` rows towards its last `target` rows; maps at
/// `map`, matched at `match`.
inline Problem problem_of(Drive& drive,
                          int64_t source,
                          int64_t target,
                          const std::string& map,
                          const std::string& match) {
  const int64_t rows = drive.row_count();
  return {.drive = drive,
          .source_rows = rows_between(0, source),
          .target_rows = rows_between(rows - target, rows),
          .map_places = drive.places(map),
          .match_places = drive.places(match, /*each_step=*/true)};
}

inline MapSet learn(const LineasOptions& options,
                    const Problem& problem,
                    const RunFiles& files = {}) {
  Progress silent;
  return LineasLearner(options, files).learn(problem, silent);
}

/// The bytes of the set's map file.
inline std::string map_bytes(const MapSet& set) {
  const TempFolder folder;
  write_map_set(folder / "map.safetensors", set);
  return read_file(folder / "map.safetensors");
}

/// d loss / d (scale, shift) of every mapped site at the identity, read off one
/// SGD step of a length that rounds nothing away.
inline std::map<std::string, AffineMap> gradients_of(LineasOptions options,
                                                     const Problem& problem) {
  constexpr double kLength = 1 << 20;
  options.optimizer = "sgd";
  options.steps = 1;
  options.lr = kLength;
  std::map<std::string, AffineMap> gradients;
  for (const auto& [key, map] : learn(options, problem).maps)
    gradients[to_string(key)] = {(1 - map.scale_D.to(at::kDouble)) / kLength,
                                 -map.shift_D.to(at::kDouble) / kLength};
  return gradients;
}

/// A language model fixture with random prompts of 3 to 12 tokens.
struct TinyLearning {
  TinyLearning(const std::string& name,
               int64_t rows,
               at::ScalarType dtype = at::kFloat)
      : model(load_language_model(fixtures() + "/" + name, {.dtype = dtype})),
        drive(*model, random_prompts(model->info().vocabulary, rows)) {}

  static std::vector<Ids> random_prompts(int64_t vocabulary, int64_t rows) {
    Random random(5);
    std::vector<Ids> prompts;
    for (int64_t row = 0; row < rows; ++row) {
      Ids& prompt = prompts.emplace_back();
      for (uint64_t count = 3 + random.below(10); count > 0; --count)
        prompt.push_back(static_cast<int64_t>(random.below(vocabulary)));
    }
    return prompts;
  }

  std::unique_ptr<LanguageModel> model;
  PackedDrive drive;
};

}  // namespace lineas::testing
