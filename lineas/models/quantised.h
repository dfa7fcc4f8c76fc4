// Tells quantised checkpoints, by what config.json says or by what their
// tensors are called, so that they are refused in one sentence. Reads none.
#pragma once

#include "lineas/models/language_model.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {

/// Throws unsupported where quantization_config (or the older
/// compression_config) is there, naming the method.
void refuse_quantised(const Json& config, const std::string& where);

/// The same where names or types of tensors say so though config.json does not.
void refuse_quantised(const Checkpoint& checkpoint);

}  // namespace lineas
