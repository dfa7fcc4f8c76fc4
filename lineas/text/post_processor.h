// Reads "post_processor" of tokenizer.json: the ids that are put before and
// behind a single text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lineas/base/json.h"

namespace lineas {

struct IdsAround {
  std::vector<int64_t> before, after;
};

/// `spec`: the object, or null. Throws unsupported for a type that this program
/// does not know, and for templates that hold the text not once.
IdsAround read_post_processor(const Json& spec, const std::string& where);

}  // namespace lineas
