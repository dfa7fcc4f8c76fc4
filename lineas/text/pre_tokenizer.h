// Cuts text into the words that a model works on, one by one: the steps of
// "pre_tokenizer" in tokenizer.json.
#pragma once

#include <string_view>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/text/word_steps.h"

namespace lineas {

class PreTokenizer {
 public:
  PreTokenizer() = default;
  PreTokenizer(std::vector<WordStep> steps, bool byte_level)
      : steps_(std::move(steps)), byte_level_(byte_level) {}

  /// Never returns empty words.
  std::vector<Word> operator()(std::string_view text, bool at_start) const;
  /// Words go on as bytes: the vocabulary is spelled in GPT-2's alphabet.
  bool byte_level() const { return byte_level_; }

 private:
  std::vector<WordStep> steps_;
  bool byte_level_ = false;
};

/// Reads the "pre_tokenizer" object (or null) of a tokenizer.json. Throws
/// unsupported for a type that this program does not know.
PreTokenizer read_pre_tokenizer(const Json& spec, std::string_view where);

/// "always", "first" or "never": when a Metaspace, before a model or in a
/// decoder, means a space in front of the text.
std::string read_prepend_scheme(const Json& spec, const std::string& where);

}  // namespace lineas
