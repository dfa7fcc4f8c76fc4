// Unigram segmentation of one word: of all ways to write it in pieces of the
// vocabulary, the one whose scores add up highest (T5 and other sentencepiece
// models). Knows nothing of splitting text into words.
//
// Kudo 2018 (arXiv:1804.10959); ties and unknown characters as in Hugging Face
// tokenizers, models/unigram.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lineas {

using ScoredPieces = std::vector<std::pair<std::string, double>>;  // by id

class Unigram {
 public:
  /// Throws a format Error starting with `where` for an `unknown` that is no
  /// id.
  Unigram(const ScoredPieces& pieces,
          std::optional<int64_t> unknown,
          bool byte_fallback,
          std::string_view where);

  /// Appends the ids of one word (valid UTF-8, not empty). Throws format where
  /// the word needs the unknown piece and there is none.
  void encode(std::string_view word, std::vector<int64_t>& ids) const;

 private:
  /// The best way to the end of a piece; `begin` npos: none yet.
  struct Step {
    double score = 0;
    size_t begin = std::string::npos;
    int32_t id = 0;
  };

  void add_piece(std::string_view piece, int32_t id);
  /// Offers all pieces that begin at `at`.
  void extend(std::string_view word, size_t at, std::vector<Step>& best) const;
  int32_t need_unknown(std::string_view word) const;
  /// Of a stretch of the word: the piece of that spelling, else bytes, else
  /// unknown.
  void append(std::string_view part, std::vector<int64_t>& ids) const;
  bool append_bytes(std::string_view part, std::vector<int64_t>& ids) const;
  std::optional<int32_t> id_of(std::string_view part) const;

  std::string where_;
  std::vector<double> scores_;    // by id
  std::vector<int32_t> end_ids_;  // by node of the trie; -1: no piece ends here
  std::unordered_map<uint64_t, int32_t> edges_;  // node << 8 | byte -> node
  std::optional<int32_t> unknown_;
  double unknown_score_ = 0;
  bool byte_fallback_;
};

}  // namespace lineas
