// Reads "decoder" of tokenizer.json. The orders that published tokenizers use
// become flags, which can be streamed; every other order becomes a chain.
#pragma once

#include <string>

#include "lineas/base/json.h"
#include "lineas/text/decoding.h"

namespace lineas {

/// `spec`: the object, or null (tokens with spaces between them). Throws
/// unsupported for a type that this program does not know. `whole`: a chain
/// even where it could be streamed.
Decoding read_decoder(const Json& spec,
                      const std::string& where,
                      bool whole = false);

}  // namespace lineas
