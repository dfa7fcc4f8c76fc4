// The types that a GGUF file stores tensors in: their numbers, names and block
// sizes. What the blocks mean is the business of tensor/dequantize.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lineas {

/// The types this program reads; the values are those in the file.
enum class GgmlType : uint32_t {
// NOLINTNEXTLINE(bugprone-macro-parentheses): an enumerator stands bare.
#define LINEAS_GGML_TYPE(name, number, label, elements, bytes) name = number,
#define LINEAS_GGML_UNREAD(number, label)
#include "lineas/base/ggml_types.def"
#undef LINEAS_GGML_TYPE
#undef LINEAS_GGML_UNREAD
};

/// The type of that number. Throws unsupported for a type that is not read and
/// format for a number that stands for none, both starting with `where` and
/// listing what is read.
GgmlType read_ggml_type(uint32_t number, std::string_view where);

/// "Q4_1".
std::string_view name_of(GgmlType type);
/// Elements that are stored together: 1, 32 or 256.
int64_t block_elements(GgmlType type);
/// Bytes of one block.
int64_t block_bytes(GgmlType type);
/// Whether a value is more than its own bits: all but F64, F32, F16, BF16.
bool is_quantized(GgmlType type);

}  // namespace lineas
