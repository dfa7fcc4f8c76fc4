// Cuts text into the words that BPE works on, one by one: the steps of
// "pre_tokenizer" in tokenizer.json, and the published patterns of GPT-2 and
// Qwen for folders without that file.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/base/json.h"

namespace lineas {

/// A word, and whether it begins where the whole text begins.
struct Word {
  std::string text;
  bool at_start = false;
};
using WordStep = std::function<void(Word, std::vector<Word>&)>;

class PreTokenizer {
 public:
  PreTokenizer() = default;
  PreTokenizer(std::vector<WordStep> steps, bool byte_level, bool gpt2)
      : steps_(std::move(steps)), byte_level_(byte_level), gpt2_(gpt2) {}

  /// Never returns empty words.
  std::vector<Word> operator()(std::string_view text, bool at_start) const;
  /// Words go on as bytes: the vocabulary is spelled in GPT-2's alphabet.
  bool byte_level() const { return byte_level_; }
  /// The words are cut by GPT-2's own pattern.
  bool is_gpt2() const { return gpt2_; }

 private:
  std::vector<WordStep> steps_;
  bool byte_level_ = false;
  bool gpt2_ = false;
};

/// Reads the "pre_tokenizer" object (or null) of a tokenizer.json. Throws
/// unsupported for a type that BPE tokenizers of today do not use.
PreTokenizer read_pre_tokenizer(const Json& spec, std::string_view where);

PreTokenizer gpt2_pre_tokenizer(bool add_prefix_space);
PreTokenizer qwen2_pre_tokenizer();

}  // namespace lineas
