// How text is cut into words by the name that GGUF files give it
// (tokenizer.ggml.pre), and what else that name implies.
#pragma once

#include <string>

#include "lineas/base/json.h"

namespace lineas {

struct GgufWords {
  Json pre_tokenizer;     // as in tokenizer.json
  bool composes = false;  // Unicode form NFC before cutting
  bool ignores_merges = false;
  bool adds_bos = false;   // unless the file says otherwise
  bool cleans_up = false;  // spaces before punctuation, in decoded text
};

/// Throws unsupported for a name that is not known, listing the known.
GgufWords find_gguf_words(const std::string& name, const std::string& where);

}  // namespace lineas
