// What Gemma 2 and 3 share in their GGUF form.
#pragma once

#include "lineas/gguf/architecture.h"

namespace lineas {

/// The four norms of a block and their names; all norms of the architecture's
/// table are stored with the one added.
void set_gemma_norms(GgufArchitecture& architecture);

}  // namespace lineas
