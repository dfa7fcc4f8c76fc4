// All tokens of a tokenizer by id, with what is special about them: the part
// that decoding and look-ups share, whatever algorithm encodes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lineas/text/bpe.h"

namespace lineas {

/// A token that is found in the text itself, before any algorithm runs.
struct AddedToken {
  std::string content;
  int64_t id = 0;  // not compared: it follows from the vocabulary
  bool special = false;
  bool lstrip = false;       // swallows white space before it
  bool rstrip = false;       // and after it
  bool single_word = false;  // only where no word character touches it
  // Searched in the normalised text; where nothing is said, unless special.
  std::optional<bool> normalized;

  bool is_normalized() const { return normalized.value_or(!special); }
  /// Alike in everything that is said or follows.
  bool operator==(const AddedToken& other) const;
};

class TokenTable {
 public:
  /// Throws a format Error starting with `where` for an id that is negative or
  /// absurdly large.
  TokenTable(const Vocabulary& vocabulary,
             const std::vector<AddedToken>& added,
             std::string_view where);

  int64_t size() const { return static_cast<int64_t>(spelled_.size()); }
  /// The token as its file spells it, or nullptr for an id without one. A
  /// negative id throws a usage Error.
  const std::string* spelling(int64_t id) const;
  bool is_special(int64_t id) const;
  std::optional<int64_t> id_of(std::string_view token) const;

 private:
  void put(const std::string& token, int64_t id, std::string_view where);

  std::vector<std::string> spelled_;
  std::vector<bool> present_;
  std::vector<bool> special_;
  std::unordered_map<std::string_view, int64_t> ids_;  // views of spelled_
};

}  // namespace lineas
