// Which architecture a config.json is, and the config as its configuration
// class completes it. Knows the keys that all architectures share, and what is
// refused whatever the architecture.
#pragma once

#include <memory>

#include "lineas/models/language_model.h"

namespace lineas {

struct Architecture {
  std::string model_type;  // "qwen2"
  std::string name;        // "Qwen2ForCausalLM"
  std::unique_ptr<LanguageNetwork> (*make)(ModelFiles&);
  const char* (*defaults)();
};

/// All of models.def.
const std::vector<Architecture>& architectures();

/// model_type decides, as in transformers' AutoModelForCausalLM; where it is
/// not there, architectures does. Throws unsupported for one that is not known,
/// with the reason where it is a well-known one, and format where config.json
/// says neither.
const Architecture& find_architecture(const Json& config,
                                      const std::string& where);

/// The config with what its class takes for the keys that it leaves out, and
/// other names of keys resolved. A key that is null stays null.
Json complete_config(const Json& config,
                     const Architecture& architecture,
                     const std::string& where);

/// Throws unsupported for what no architecture here reads: quantised weights,
/// adapters, pruned heads, weights in another file.
void check_plain(const Json& config,
                 const std::string& folder,
                 const std::string& where);

}  // namespace lineas
