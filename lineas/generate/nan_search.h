// After the fact: where in a model the first NaN or infinite value arises.
#pragma once

#include <vector>

#include "lineas/models/language_model.h"

namespace lineas {

/// Throws numeric. Runs the tokens of one row (number `row`) again and names
/// the first site whose output is not finite; `tap` (or null) acts as it did.
[[noreturn]] void fail_not_finite(const LanguageModel& model,
                                  const std::vector<int64_t>& ids,
                                  int64_t row,
                                  Tap* tap);

}  // namespace lineas
