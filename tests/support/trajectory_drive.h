// A drive like a guided denoiser, small enough for finite differences: several
// steps, two guidance halves in one call, and sites of three layouts, all in
// double.
#pragma once

#include <vector>

#include "lineas/tap/drive.h"

namespace lineas::testing {

/// Latents x_NCHW go through `steps` steps. Each runs the unconditional and the
/// conditional half in one batch of 2N entries, by sites "conv" (channels
/// first), "tokens" ([2N, T, D]) and "text" ([2N, D]), and moves the latents by
/// the guided output.
class TrajectoryDrive : public Drive {
 public:
  explicit TrajectoryDrive(int64_t steps, int64_t rows = 8) : steps_(steps) {
    at::manual_seed(21);
    const auto random = [](at::IntArrayRef shape) {
      return at::randn(shape, at::kDouble);
    };
    sites_.add("conv", kChannels);
    sites_.add("tokens", kWidth);
    sites_.add("text", kWidth);
    latents_NCHW_ = random({rows, kChannels, 2, 3});
    prompt_NC_ = random({rows, kChannels});
    prompt_NC_.slice(0, rows / 2) += 1.5;
    in_CC_ = random({kChannels, kChannels}) * 0.6;
    up_CD_ = random({kChannels, kWidth}) * 0.6;
    out_DC_ = random({kWidth, kChannels}) * 0.6;
  }

  Trajectory begin(std::span<const int64_t> rows) override {
    return {.rows = {rows.begin(), rows.end()},
            .carried = {at_rows(latents_NCHW_, rows)}};
  }

  void advance(Trajectory& trajectory, Tap& tap) override {
    const int step = static_cast<int>(trajectory.segment++);
    calls.emplace_back(step, trajectory.rows);
    const auto n = static_cast<int64_t>(trajectory.rows.size());
    Pass pass(context_of(trajectory.rows, step), &tap);
    const Tensor prompt_NC = at_rows(prompt_NC_, trajectory.rows);
    const Tensor given =
        at::cat({at::zeros_like(prompt_NC), prompt_NC}) * (1 + 0.1 * step);
    Tensor& x = trajectory.carried[0];
    run_until_finished([&] {
      const Tensor out = denoise(at::cat({x, x}), given, pass);
      const Tensor without = out.slice(0, 0, n), with = out.slice(0, n);
      x = x + 0.5 * (without + kGuidance * (with - without));
    });
  }

  int64_t segments() const override { return steps_; }
  const SiteTable& sites() const override { return sites_; }
  int64_t row_count() const override { return latents_NCHW_.size(0); }

  std::optional<Outcome> outcome() const override { return end; }

  std::vector<std::pair<int, std::vector<int64_t>>> calls;  // step, rows
  std::optional<Outcome> end;

 private:
  static constexpr int64_t kChannels = 2, kWidth = 3;
  static constexpr double kGuidance = 1.7;

  static Tensor at_rows(const Tensor& x, std::span<const int64_t> rows) {
    return x.index_select(
        0, at::tensor(std::vector<int64_t>(rows.begin(), rows.end())));
  }

  static PassContext context_of(const std::vector<int64_t>& rows, int step) {
    PassContext context{.axis = Axis::entries, .step = step};
    int64_t entry = 0;
    for (const Half half : {Half::unconditional, Half::conditional})
      for (const int64_t row : rows) {
        context.rows.push_back(
            {.row = row, .begin = entry, .end = entry + 1, .half = half});
        ++entry;
      }
    return context;
  }

  Tensor denoise(const Tensor& x_BCHW, const Tensor& given_BC, Pass& pass) {
    Tensor h_BCHW = at::einsum("bchw,ce->behw", {x_BCHW, in_CC_});
    h_BCHW = (h_BCHW + given_BC.view({-1, kChannels, 1, 1})).tanh();
    h_BCHW = pass.visit(0, h_BCHW, Layout::channels_first);
    const Tensor h_BTC = h_BCHW.flatten(2).transpose(1, 2);
    const Tensor text_BD = pass.visit(2, at::matmul(given_BC, up_CD_).tanh());
    const Tensor up_BTD =
        at::matmul(h_BTC, up_CD_) * (1 + text_BD.unsqueeze(1));
    const Tensor y_BTD = pass.visit(1, up_BTD.tanh()).tanh();
    const Tensor out_BTC = at::matmul(y_BTD, out_DC_);
    return out_BTC.transpose(1, 2).reshape(x_BCHW.sizes());
  }

  int64_t steps_;
  SiteTable sites_;
  Tensor latents_NCHW_, prompt_NC_, in_CC_, up_CD_, out_DC_;
};

}  // namespace lineas::testing
