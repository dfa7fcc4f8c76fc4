// What a map does to text that is fine as it is, strength by strength: where
// its slider should end. Knows no method.
#pragma once

#include "lineas/base/progress.h"
#include "lineas/generate/text_drive.h"
#include "lineas/maps/map_set.h"

namespace lineas {

/// At one strength, over the tokens of some prompts: KL(untouched, steered) of
/// the next token's distribution in nats, its mean and 95th percentile, and the
/// perplexity of the prompts.
struct Damage {
  double strength = 0;
  double kl = 0;
  double kl_95 = 0;
  double perplexity = 0;
};

struct Calibration {
  std::vector<Damage> damages;  // at 0, 0.25, ... 1.5
  /// Where the 95th percentile reaches 1 nat; 1.5 where it stays below.
  double end = 0;
};

/// Looks at the first prompts, up to 512 tokens, a dozen passes over them.
/// Throws shape where the set does not fit the model.
Calibration calibrate(const LanguageModel& model,
                      const std::vector<std::vector<int64_t>>& prompts,
                      const MapSet& set,
                      const Progress& progress);

/// In a map's provenance, under "calibration".
Json to_json(const Calibration& calibration);
/// The slider's end that a provenance tells; nothing where it tells none.
std::optional<double> calibrated_end(const Json& provenance);

}  // namespace lineas
