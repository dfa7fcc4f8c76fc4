// A map's provenance in words. It may come from anywhere: a fact that it lacks,
// or has in another form, is "".
#pragma once

#include <string>
#include <vector>

#include "lineas/base/json.h"

namespace lineas {

/// The value of a key: a text as it is, anything else as JSON.
std::string word(const Json& object, const char* key);

/// The method's options that are not its defaults.
std::string changed_options(const Json& provenance);
std::string describe_model(const Json& provenance);
/// side: "source" or "target".
std::string describe_prompts(const Json& provenance, const char* side);

/// The loss of every step; NaN for what is no number.
std::vector<double> step_losses(const Json& provenance);
/// The loss without maps and with these: not those of the first and the last
/// step where a run begins elsewhere or searched for a penalty.
std::string describe_loss(const Json& provenance);
/// What a layer-wise method noted at each site, before and after its map.
std::string describe_transport(const Json& provenance);
/// How many neurons move, and the options of the penalty that was found.
std::string describe_support(const Json& provenance);

/// Where the slider should end, and what full strength does to fine text.
std::string describe_calibration(const Json& provenance);

/// What methods note of their own, a line a key: in full where that is short.
std::vector<std::string> other_findings(const Json& provenance);

}  // namespace lineas
