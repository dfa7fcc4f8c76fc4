// What maps do to the pictures of the bundled picture model, at each of several
// strengths, as its oracle reads them: the style, what the prompt names, what
// stands after its "no". Knows no learning method.
#pragma once

#include <map>
#include <optional>

#include "lineas/engine/picture_run.h"
#include "lineas/eval/picture_oracle.h"

namespace lineas {

/// A prompt and what it names.
struct LabelledPrompt {
  std::string text;
  std::vector<PictureThing> things;
  std::string background, style;
  /// What it says is not there.
  std::optional<PictureThing> negated = std::nullopt;
};

/// Lines of {"text", "objects": [[kind, colour], ...], "background", "style",
/// "negated": [kind, colour]}. Throws format, naming the line.
std::vector<LabelledPrompt> read_labelled_prompts(const std::string& path);

struct PictureMeasureOptions {
  std::vector<LabelledPrompt> prompts;
  PictureSettings settings = {};
  std::vector<double> strengths = {0, 1};
  uint64_t seed = 0;
  int64_t batch = 16;
  std::function<bool()> is_cancelled = {};
};

/// Shares of all pictures of one strength.
struct PictureMeasured {
  double strength = 0;
  int64_t pictures = 0;
  std::map<std::string, double> styles;  // read so; the rest is unclear
  double things = 0;      // those that the prompt names, and no others
  double background = 0;  // the one that the prompt names
  /// The same things and background as the picture of strength 0; what stands
  /// after "no" does not count.
  double kept = 0;
  /// An object of the kind that stands after "no" is there; 0 of prompts that
  /// negate nothing.
  double negated = 0;
};

Json to_json(const PictureMeasured& measured);

/// Draws every prompt once at each strength, from the same noise. Throws usage
/// unless the strengths begin with 0, and what run_pictures does.
std::vector<PictureMeasured> measure_pictures(
    const PictureEngine& engine,
    const std::vector<Steering>& steerings,
    const PictureOracle& oracle,
    const PictureMeasureOptions& options);

}  // namespace lineas
