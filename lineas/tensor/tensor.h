// The tensor type of the project and the few questions asked of it everywhere.
//
// Shape suffixes, at every interface and after every reshape:
//   S packed tokens of a call, B rows (prompts), T tokens of one row, D width,
//   H heads, K key/value heads, G query heads a key head, d head width,
//   F mlp width, L keys, V vocabulary, N samples, C channels.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <string>
#include <vector>

#include "lineas/base/safetensors.h"

namespace lineas {

using at::Tensor;

/// The ATen type of a file's dtype.
at::ScalarType to_scalar_type(DType dtype);
/// The file dtype of an ATen type; throws unsupported for any other.
DType to_dtype(at::ScalarType type);

/// "[64, 32]".
std::string to_string(at::IntArrayRef shape);

/// Reads of `tensor`'s data as raw bytes; it must be a contiguous CPU tensor.
std::string_view bytes_of(const Tensor& tensor);

}  // namespace lineas
