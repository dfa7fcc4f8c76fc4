// The rotation's scaling: the rope.scaling.* keys and the tensors of factors
// that some models carry, as config.json's rope_scaling.
#pragma once

#include "lineas/gguf/reading.h"

namespace lineas {

/// Sets config["rope_scaling"] where the file scales. `width`: that of a head.
/// Factors a frequency (rope_freqs of Llama 3, rope_factors_long and _short of
/// Phi-3) become the factors of a "longrope".
void read_rope_scaling(GgufReading& reading, int64_t width);

/// The tensors that are read here and are weights of no module.
bool is_rope_tensor(std::string_view name);

}  // namespace lineas
