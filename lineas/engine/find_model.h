// From what a user calls a model to its folder. Knows where bundled models lie,
// not what is in a folder.
#pragma once

#include <string>
#include <vector>

namespace lineas {

/// The folder of MODEL: a Hugging Face folder, or the name of a bundled model,
/// looked for in $LINEAS_BUNDLED_DIR, beside the installed program and in the
/// source tree. Throws not_found, listing the bundled models.
std::string find_model(const std::string& model);

/// Names of the bundled models that are here, sorted.
std::vector<std::string> bundled_models();

}  // namespace lineas
