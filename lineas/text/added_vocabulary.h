// The added tokens of a tokenizer while it is being put together: what gets
// which id, and which of two entries for one token counts. Follows Hugging Face
// tokenizers, tokenizer/added_vocabulary.rs, where the id that a file names for
// an added token is never used: a token of the vocabulary keeps its id, a new
// one gets the next free one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "lineas/text/bpe.h"
#include "lineas/text/token_table.h"

namespace lineas {

class AddedVocabulary {
 public:
  explicit AddedVocabulary(const Vocabulary& model);

  void add(const std::vector<AddedToken>& tokens);

  /// The id of an added token, else of an entry of the model's vocabulary.
  std::optional<int64_t> id_of(const std::string& token) const;
  /// By id; a token that was added twice is here as it was added last.
  const std::map<int64_t, AddedToken>& by_id() const { return by_id_; }
  /// What is searched in a text, with the flags of `by_id`: of a token that was
  /// added twice, once more normalised and once not, both.
  std::vector<AddedToken> searched() const;
  bool is_special(const std::string& token) const {
    return special_names_.contains(token);
  }

 private:
  int64_t next_id() const;

  std::unordered_map<std::string, int64_t> model_;
  std::map<std::string, int64_t> ids_;
  std::map<int64_t, AddedToken> by_id_;
  std::vector<AddedToken> special_, plain_;  // in the order they were added
  std::set<std::string> special_names_;
};

}  // namespace lineas
