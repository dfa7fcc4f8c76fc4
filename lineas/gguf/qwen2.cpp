// Qwen2 and Qwen2.5. Converters do not write their sliding window, which no
// published file turns on.
#include "lineas/gguf/decoder.h"

namespace lineas {

GgufArchitecture gguf_qwen2() {
  return gguf_decoder("Qwen2ForCausalLM", "qwen2");
}

}  // namespace lineas
