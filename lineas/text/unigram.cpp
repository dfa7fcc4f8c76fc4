#include "lineas/text/unigram.h"

#include <algorithm>
#include <limits>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/base/utf8.h"

namespace lineas {
namespace {

/// How much worse an unknown character is than the worst piece.
constexpr double kUnknownPenalty = 10.0;

uint64_t edge(int32_t node, char byte) {
  return static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(byte);
}

}  // namespace

Unigram::Unigram(const ScoredPieces& pieces,
                 std::optional<int64_t> unknown,
                 bool byte_fallback,
                 std::string_view where)
    : where_(where), end_ids_(1, -1), byte_fallback_(byte_fallback) {
  const auto count = static_cast<int64_t>(pieces.size());
  if (unknown && (*unknown < 0 || *unknown >= count)) {
    fail(ErrorKind::format,
         "{}: unk_id {} is none of the {} ids of the vocabulary",
         where,
         *unknown,
         count);
  }
  if (unknown) unknown_ = static_cast<int32_t>(*unknown);
  double lowest = std::numeric_limits<double>::infinity();
  for (const auto& [piece, score] : pieces) {
    add_piece(piece, static_cast<int32_t>(scores_.size()));
    scores_.push_back(score);
    lowest = std::min(lowest, score);
  }
  unknown_score_ = lowest - kUnknownPenalty;
}

void Unigram::add_piece(std::string_view piece, int32_t id) {
  if (piece.empty()) return;  // never a step forward
  int32_t node = 0;
  for (const char byte : piece) {
    const auto next = static_cast<int32_t>(end_ids_.size());
    const auto [at, is_new] = edges_.emplace(edge(node, byte), next);
    if (is_new) end_ids_.push_back(-1);
    node = at->second;
  }
  end_ids_[static_cast<size_t>(node)] = id;
}

std::optional<int32_t> Unigram::id_of(std::string_view part) const {
  int32_t node = 0;
  for (const char byte : part) {
    const auto next = edges_.find(edge(node, byte));
    if (next == edges_.end()) return {};
    node = next->second;
  }
  const int32_t id = end_ids_[static_cast<size_t>(node)];
  if (id < 0) return {};
  return id;
}

int32_t Unigram::need_unknown(std::string_view word) const {
  if (unknown_) return *unknown_;
  fail(ErrorKind::format,
       "{}: \"{}\" needs an unknown token, and unk_id is null",
       where_,
       printable(word));
}

void Unigram::extend(std::string_view word,
                     size_t at,
                     std::vector<Step>& best) const {
  const double so_far = best[at].score;
  const auto offer = [&](size_t end, double score, int32_t id) {
    Step& step = best[end];
    if (step.begin == std::string::npos || score > step.score) {
      step = {score, at, id};
    }
  };
  const size_t character =
      std::max<size_t>(utf8_length(static_cast<unsigned char>(word[at])), 1);
  bool has_single = false;
  int32_t node = 0;
  for (size_t end = at; end < word.size();) {
    const auto next = edges_.find(edge(node, word[end]));
    if (next == edges_.end()) break;
    node = next->second;
    ++end;
    const int32_t id = end_ids_[static_cast<size_t>(node)];
    if (id < 0) continue;
    offer(end, scores_[static_cast<size_t>(id)] + so_far, id);
    has_single |= end - at == character;
  }
  if (!has_single) {
    offer(at + character, unknown_score_ + so_far, need_unknown(word));
  }
}

bool Unigram::append_bytes(std::string_view part,
                           std::vector<int64_t>& ids) const {
  if (!byte_fallback_) return false;
  std::vector<int64_t> bytes;
  for (const char byte : part) {
    const auto id =
        id_of(fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte)));
    if (!id) return false;
    bytes.push_back(*id);
  }
  ids.insert(ids.end(), bytes.begin(), bytes.end());
  return true;
}

void Unigram::append(std::string_view part, std::vector<int64_t>& ids) const {
  const auto id = id_of(part);
  if (id) {
    ids.push_back(*id);
  } else if (!append_bytes(part, ids)) {
    ids.push_back(need_unknown(part));
  }
}

void Unigram::encode(std::string_view word, std::vector<int64_t>& ids) const {
  std::vector<Step> best(word.size() + 1);
  for (size_t at = 0; at < word.size();) {
    extend(word, at, best);
    at +=
        std::max<size_t>(utf8_length(static_cast<unsigned char>(word[at])), 1);
  }
  std::vector<std::string_view> parts;  // last first
  bool after_unknown = false;
  for (size_t end = word.size(); end > 0;) {
    const Step& step = best[end];
    const bool is_unknown = unknown_ && step.id == *unknown_;
    if (is_unknown && after_unknown) {  // neighbours become one
      const std::string_view last = parts.back();
      parts.back() = word.substr(step.begin, end - step.begin + last.size());
    } else {
      parts.push_back(word.substr(step.begin, end - step.begin));
    }
    after_unknown = is_unknown;
    end = step.begin;
  }
  for (size_t i = parts.size(); i-- > 0;) append(parts[i], ids);
}

}  // namespace lineas
