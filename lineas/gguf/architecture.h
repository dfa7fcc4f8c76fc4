// How one architecture is written as GGUF: which metadata key is which key of
// config.json, which tensor is which weight of the Hugging Face checkpoint, and
// what the converter did to it. A table of data; gguf_model.cpp reads by it.
#pragma once

#include <string>
#include <vector>

namespace lineas {

class GgufReading;

/// What converters do to a tensor; undone while loading.
enum class Change {
  none,
  queries,     // rows of every head reordered for the other form of rotation
  keys,        // the same for the heads of keys
  plus_one,    // a norm's gain is stored whole, not minus one
  transposed,  // [out, in] for a weight that is [in, out]
  experts,     // all experts of a layer in one tensor
};

/// "<architecture>." + gguf becomes config[name].
struct KeyRule {
  const char* gguf;
  const char* name;
  bool is_required = false;
};

/// "blk.*.attn_q" becomes "model.layers.*.self_attn.q_proj"; * is the layer, #
/// the expert, and .weight or .bias stays behind.
struct NameRule {
  const char* gguf;
  const char* name;
  Change change = Change::none;
};

struct GgufArchitecture {
  std::string huggingface;  // "LlamaForCausalLM"
  std::string model_type;   // "llama"
  std::vector<KeyRule> keys;
  std::vector<NameRule> names;
  /// What no table can say: reads more keys, changes config.
  void (*finish)(GgufReading&) = nullptr;
};

/// The architecture that general.architecture names. Throws unsupported,
/// listing the known.
GgufArchitecture find_gguf_architecture(const std::string& name,
                                        const std::string& where);
std::vector<std::string> known_gguf_architectures();

#define LINEAS_GGUF(name, spelled) GgufArchitecture gguf_##name();
#include "lineas/gguf/architectures.def"
#undef LINEAS_GGUF

}  // namespace lineas
