// After the fact: where in a model the first NaN or infinite value arises.
#pragma once

#include <string>
#include <vector>

#include "lineas/models/language_model.h"

namespace lineas {

/// A row as far as it has come: its first tokens were given, the others made.
struct RowSoFar {
  const std::vector<int64_t>& ids;
  size_t prompt_size = 0;
  int64_t row = 0;  // its number
};

/// Runs the row's tokens again and says at which site the first value is not
/// finite; `tap` (or null) acts as it did.
std::string describe_not_finite(const LanguageModel& model,
                                const RowSoFar& row,
                                Tap* tap);

/// Throws that as numeric, for a row whose tokens were all given.
[[noreturn]] void fail_not_finite(const LanguageModel& model,
                                  const std::vector<int64_t>& ids,
                                  int64_t row,
                                  Tap* tap);

}  // namespace lineas
