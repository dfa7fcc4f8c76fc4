// Pooling: from the tokens (or pixels) of every row to one vector a row.
#pragma once

#include <string>

#include "lineas/tap/tap.h"

namespace lineas {

enum class Pooling { mean, max, min, median, last };

/// Throws usage for an unknown word.
Pooling parse_pooling(const std::string& name);
std::string to_string(Pooling pooling);

/// One vector a row, in float32 (double stays double) and differentiable: x in
/// any layout, pooled_BD out, B = rows of the context. Only real tokens count;
/// the median is the lower one of two (torch.median).
/// Source: docs/math.md, section 2 (masked mean over tokens, over pixels for
/// pictures).
Tensor pool(const Tensor& x, const PassContext& context, Pooling pooling);

}  // namespace lineas
