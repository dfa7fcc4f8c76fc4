// What most architectures share in their GGUF form: Llama's names and keys, the
// width of heads, rotation, the sliding window. The files of the architectures
// add what is theirs.
#pragma once

#include "lineas/gguf/architecture.h"
#include "lineas/gguf/reading.h"

namespace lineas {

/// The names and keys of a pre-norm decoder.
GgufArchitecture gguf_decoder(std::string huggingface, std::string model_type);

/// Replaces the change of the rule for that tensor; throws usage where there is
/// no such rule.
void set_change(GgufArchitecture& architecture,
                const std::string& gguf,
                Change change);
/// Queries and keys of the architectures that converters reorder.
void set_rotated(GgufArchitecture& architecture);

/// vocab_size and tie_word_embeddings by the tensors, and the keys that are
/// known to change nothing.
void finish_common(GgufReading& reading);
/// head_dim, rope_scaling and finish_common: what every decoder needs.
void finish_decoder(GgufReading& reading);

/// Whether layer 0 has that tensor ("attn_q.bias").
bool has_in_layers(const GgufReading& reading, const std::string& name);

/// layer_types by attention.sliding_window_pattern: a flag a layer, or every
/// how many layers one is full; `every` where the file does not say.
void read_layer_types(GgufReading& reading, int64_t every);

/// query_pre_attn_scalar of Gemma: by attention.scale, else the head's width,
/// or width / heads in the models of `large` layers.
void read_gemma_scale(GgufReading& reading, int64_t large);

}  // namespace lineas
