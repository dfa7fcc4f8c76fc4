// Byte-pair encoding of one word: the units of the word, joined pair by pair
// in the order of the merge list. Two kinds of units: bytes (GPT-2, Llama 3,
// Qwen) and characters with bytes as a last resort (Llama 2, Gemma, Mistral).
// Knows nothing of splitting text into words.
//
// Sennrich, Haddow, Birch 2016 (arXiv:1508.07909); details as in Hugging Face
// tokenizers, models/bpe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lineas {

struct BpeOptions {
  bool byte_level = true;  // units are bytes, entries spelled in GPT-2's way
  bool byte_fallback = false;  // a character without entry becomes <0xNN>...
  bool fuse_unknown = false;   // neighbouring unknown characters: one token
  bool ignore_merges = false;  // a word that is an entry needs no merges
  std::optional<std::string> unknown;  // of what has no entry; none: dropped
  // Put to the characters of a word before they are looked up: to all but the
  // first, and to the last. Only where the units are characters.
  std::string continuing_prefix, end_suffix;
};

/// Entries of a vocabulary as its file spells them.
using Vocabulary = std::vector<std::pair<std::string, int64_t>>;
using MergeList = std::vector<std::pair<std::string, std::string>>;

class Bpe {
 public:
  /// Throws a format Error starting with `where` for a merge whose parts or
  /// result are not in the vocabulary, and when encoding needs an unknown token
  /// that the vocabulary lacks.
  Bpe(const Vocabulary& vocabulary,
      const MergeList& merges,
      BpeOptions options,
      std::string_view where);

  /// Appends the ids of one word (valid UTF-8, not empty).
  void encode(std::string_view word, std::vector<int64_t>& ids) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Merge {
    int32_t rank = -1;  // -1: no such merge
    int32_t result = 0;
  };
  struct Slot {
    uint64_t pair = ~uint64_t{0};
    Merge merge;
  };

  /// What `ids_` knows an entry by: its bytes. Nothing where it spells none.
  std::optional<std::string> key_of(std::string_view entry) const;
  std::optional<int32_t> find(std::string_view key) const;
  void add_merges(const MergeList& merges);
  [[noreturn]] void refuse_merge(size_t number,
                                 const MergeList::value_type& merge) const;
  int32_t need_unknown() const;
  void insert(uint64_t pair, Merge merge);
  Merge find_merge(int32_t left, int32_t right) const;
  void append_byte_units(std::string_view word,
                         std::vector<int32_t>& units) const;
  void append_character_units(std::string_view word,
                              std::vector<int32_t>& units) const;
  bool append_fallback(std::string_view character,
                       std::vector<int32_t>& units) const;
  void merge_units(std::vector<int32_t>& units) const;

  BpeOptions options_;
  std::string where_;
  std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> ids_;
  std::vector<int32_t> byte_ids_;  // of single bytes or <0xNN>; -1: none
  std::optional<int32_t> unknown_id_;
  std::vector<Slot> slots_;  // open addressing, a power of two
};

}  // namespace lineas
