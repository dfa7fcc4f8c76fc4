// From what a user calls a model to where it lies. Knows where models lie, not
// what is in one.
#pragma once

#include <string>
#include <vector>

namespace lineas {

/// Where MODEL lies, the first of these that is there:
///   a Hugging Face folder (of diffusers too), or one of the files in it;
///   a GGUF file, or a folder with one and no config.json;
///   a bundled model's name, looked for in $LINEAS_BUNDLED_DIR, beside the
///   installed program and in the source tree;
///   a model's name on the Hub (hub_cache.h), looked for in the local cache.
/// Nothing is downloaded. Throws not_found that says where was looked and what
/// there is.
std::string find_model(const std::string& model);

/// The same for a name on the Hub alone, as other programs' option `-hf` has
/// it; those would download it. Throws usage where the cache does not have it.
std::string find_hub_model(const std::string& model);

/// What provenance calls a model that was found there: its own name, or that on
/// the Hub.
std::string model_id(const std::string& found);

/// Names of the bundled models that are here, sorted.
std::vector<std::string> bundled_models();

}  // namespace lineas
