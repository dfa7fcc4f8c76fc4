// From the blocks of a GGUF file to numbers. Every type's layout is in
// dequantize.cpp; the float32 values are, bit for bit, those of the gguf Python
// package. No LibTorch, no threads: callers cut the work into pieces.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lineas/base/ggml_type.h"

namespace lineas {

/// `count` blocks of a quantised type as float32: block_elements(type) values
/// each. Throws unsupported for a type that is none (F64, F32, F16, BF16).
void dequantize(GgmlType type,
                const std::byte* blocks,
                int64_t count,
                float* values);
/// The same rounded to bfloat16 (nearest even), as its bits.
void dequantize(GgmlType type,
                const std::byte* blocks,
                int64_t count,
                uint16_t* bfloat16_bits);

}  // namespace lineas
