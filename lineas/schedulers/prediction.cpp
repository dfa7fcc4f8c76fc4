#include "lineas/schedulers/prediction.h"

#include <cmath>

namespace lineas {

Prediction read_prediction(const SchedulerConfig& config,
                           std::initializer_list<const char*> known) {
  const std::string name = config.choice("prediction_type", known);
  if (name == "epsilon") return Prediction::epsilon;
  return name == "v_prediction" ? Prediction::v : Prediction::sample;
}

Share share_of_alpha(double alpha_cumprod) {
  return {std::sqrt(alpha_cumprod), std::sqrt(1 - alpha_cumprod)};
}

Share share_of_sigma(double sigma) {
  const double signal = 1 / std::sqrt(sigma * sigma + 1);
  return {signal, sigma * signal};
}

Tensor clean_of(Prediction prediction,
                const Tensor& output,
                const Tensor& x,
                Share share) {
  if (prediction == Prediction::sample) return output;
  if (prediction == Prediction::v)
    return share.signal * x - share.noise * output;
  return (x - share.noise * output) / share.signal;
}

Tensor epsilon_of(Prediction prediction,
                  const Tensor& output,
                  const Tensor& x,
                  Share share) {
  if (prediction == Prediction::epsilon) return output;
  if (prediction == Prediction::v)
    return share.signal * output + share.noise * x;
  return (x - share.signal * output) / share.noise;
}

Tensor clean_of_sigma(Prediction prediction,
                      const Tensor& output,
                      const Tensor& x,
                      double sigma) {
  if (prediction == Prediction::sample) return output;
  if (prediction == Prediction::epsilon) return x - sigma * output;
  const double square = sigma * sigma + 1;
  return output * (-sigma / std::sqrt(square)) + x / square;
}

void check_signal(const SchedulerConfig& config,
                  Prediction prediction,
                  double alpha_cumprod) {
  if (alpha_cumprod == 0 && prediction == Prediction::epsilon)
    config.fail_field(ErrorKind::numeric,
                      "rescale_betas_zero_snr",
                      "leaves nothing of the picture at the first step, from "
                      "which \"prediction_type\" epsilon cannot go on; such "
                      "models predict v_prediction");
}

Bounds read_bounds(const SchedulerConfig& config) {
  Bounds bounds;
  bounds.thresholds = config.flag("thresholding");
  bounds.ratio = config.number("dynamic_thresholding_ratio");
  bounds.most = config.number("sample_max_value");
  if (!(bounds.ratio >= 0 && bounds.ratio <= 1))
    config.fail_field(ErrorKind::format,
                      "dynamic_thresholding_ratio",
                      "is {}, it must be 0 to 1",
                      bounds.ratio);
  if (!(bounds.most > 0))
    config.fail_field(ErrorKind::format,
                      "sample_max_value",
                      "is {}, it must be above 0",
                      bounds.most);
  if (!config.has("clip_sample")) return bounds;
  bounds.clamps = config.flag("clip_sample");
  bounds.range = config.number("clip_sample_range");
  if (!(bounds.range > 0))
    config.fail_field(ErrorKind::format,
                      "clip_sample_range",
                      "is {}, it must be above 0",
                      bounds.range);
  return bounds;
}

Tensor Bounds::operator()(const Tensor& clean) const {
  if (!thresholds) return clamps ? clean.clamp(-range, range) : clean;
  const Tensor flat = clean.flatten(1);
  // Of 1 and `most` the second wins, as in torch's clamp.
  const Tensor bound =
      at::quantile(flat.abs(), ratio, 1, /*keepdim=*/true).clamp(1.0, most);
  const Tensor inside = at::maximum(at::minimum(flat, bound), -bound);
  return (inside / bound).view(clean.sizes());
}

}  // namespace lineas
