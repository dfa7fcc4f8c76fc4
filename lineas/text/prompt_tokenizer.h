// Prompts of picture models as their text encoders take them: ids of exactly
// one length, cut behind the last token that fits, ended, padded. There is no
// attention mask in these pipelines, so which token pads changes the picture.
//
// Of the three cleanings that published pipelines run (with ftfy, without it,
// and the fast tokenizer) this is the fast tokenizer's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/text/tokenizer.h"

namespace lineas {

struct PromptIds {
  std::vector<int64_t> ids;
  int64_t used = 0;     // of them, before the padding
  std::string cut_off;  // text of the tokens that did not fit, "" for none
};

class PromptTokenizer {
 public:
  /// The tokenizer folder of a pipeline; `tokenizer_class` ("CLIPTokenizer",
  /// "T5TokenizerFast") where it names none itself. Throws as load_tokenizer,
  /// format where there is no pad token, unsupported for padding or cutting on
  /// the left.
  PromptTokenizer(const std::string& folder,
                  const std::string& tokenizer_class);

  /// model_max_length: 77 for CLIP; 0 where the folder sets no limit.
  int64_t longest() const { return longest_; }
  int64_t pad_id() const { return pad_id_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }

  /// Throws format for text that is not UTF-8, usage for a length that leaves
  /// no room for the tokens around a text.
  PromptIds encode(std::string_view text, int64_t length) const;

 private:
  std::string folder_;
  std::unique_ptr<Tokenizer> tokenizer_;
  int64_t longest_ = 0;
  int64_t pad_id_ = 0;
};

/// A warning that says what was cut off, where anything was.
void warn_of_cut(const PromptIds& prompt, std::string_view tokenizer);

}  // namespace lineas
