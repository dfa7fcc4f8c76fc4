#include "lineas/text/bpe.h"

#include <algorithm>
#include <bit>
#include <queue>
#include <utility>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/byte_alphabet.h"

namespace lineas {
namespace {

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 |
         static_cast<uint32_t>(right);
}

size_t spread(uint64_t key) {
  key *= 0x9e3779b97f4a7c15ULL;
  return static_cast<size_t>(key ^ (key >> 32));
}

/// A pair of neighbours that could be joined: lowest rank first, then leftmost.
struct Candidate {
  int32_t rank;
  int32_t left;
  int32_t result;
  bool operator>(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

}  // namespace

Bpe::Bpe(const Vocabulary& vocabulary,
         const MergeList& merges,
         BpeOptions options,
         std::string_view where)
    : options_(std::move(options)), where_(where), byte_ids_(256, -1) {
  ids_.max_load_factor(0.5F);  // looking up merges is a quarter of loading
  ids_.reserve(vocabulary.size());
  for (const auto& [spelling, id] : vocabulary) {
    const std::optional<std::string> key = key_of(spelling);
    if (key) ids_.emplace(*key, static_cast<int32_t>(id));
    if (spelling == options_.unknown) unknown_id_ = static_cast<int32_t>(id);
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string name = options_.byte_level
                                 ? std::string(1, static_cast<char>(byte))
                                 : fmt::format("<0x{:02X}>", byte);
    byte_ids_[static_cast<size_t>(byte)] = find(name).value_or(-1);
  }
  add_merges(merges);
}

std::optional<std::string> Bpe::key_of(std::string_view entry) const {
  if (options_.byte_level) return bytes_of_spelling(entry);
  return std::string(entry);
}

std::optional<int32_t> Bpe::find(std::string_view key) const {
  const auto found = ids_.find(key);
  if (found == ids_.end()) return {};
  return found->second;
}

void Bpe::refuse_merge(size_t number,
                       const MergeList::value_type& merge) const {
  fail(ErrorKind::format,
       "{}: merge {} (\"{}\" \"{}\"): the vocabulary lacks one of the two or "
       "what they become",
       where_,
       number,
       merge.first,
       merge.second);
}

void Bpe::add_merges(const MergeList& merges) {
  slots_.resize(std::bit_ceil(std::max<size_t>(merges.size() * 2, 2)));
  int32_t rank = 0;
  for (const auto& merge : merges) {
    ++rank;
    const std::optional<std::string> left = key_of(merge.first);
    const std::optional<std::string> right = key_of(merge.second);
    // Parts that are not spelled bytes: never a unit, so never joined.
    if (!left || !right) continue;
    const std::string& prefix = options_.continuing_prefix;
    if (right->size() < prefix.size()) refuse_merge(rank, merge);
    const std::optional<int32_t> left_id = find(*left);
    const std::optional<int32_t> right_id = find(*right);
    const std::optional<int32_t> result =
        find(*left + right->substr(prefix.size()));
    if (!left_id || !right_id || !result) refuse_merge(rank, merge);
    insert(pair_key(*left_id, *right_id), {rank, *result});
  }
}

int32_t Bpe::need_unknown() const {
  if (unknown_id_) return *unknown_id_;
  fail(ErrorKind::format,
       "{}: unk_token \"{}\" is needed, and the vocabulary does not have it",
       where_,
       *options_.unknown);
}

void Bpe::insert(uint64_t pair, Merge merge) {
  const size_t mask = slots_.size() - 1;
  size_t at = spread(pair) & mask;
  while (slots_[at].merge.rank >= 0 && slots_[at].pair != pair) {
    at = (at + 1) & mask;
  }
  slots_[at] = {pair, merge};  // of one pair twice, the last counts
}

Bpe::Merge Bpe::find_merge(int32_t left, int32_t right) const {
  const uint64_t pair = pair_key(left, right);
  const size_t mask = slots_.size() - 1;
  for (size_t at = spread(pair) & mask; slots_[at].merge.rank >= 0;
       at = (at + 1) & mask) {
    if (slots_[at].pair == pair) return slots_[at].merge;
  }
  return {};
}

void Bpe::append_byte_units(std::string_view word,
                            std::vector<int32_t>& units) const {
  bool after_unknown = false;
  for (const char byte : word) {
    const int32_t id = byte_ids_[static_cast<unsigned char>(byte)];
    if (id >= 0) {
      units.push_back(id);
    } else if (options_.unknown && !(after_unknown && options_.fuse_unknown)) {
      units.push_back(need_unknown());
    }
    after_unknown = id < 0;
  }
}

bool Bpe::append_fallback(std::string_view character,
                          std::vector<int32_t>& units) const {
  if (!options_.byte_fallback) return false;
  const size_t before = units.size();
  for (const char byte : character) {
    const int32_t id = byte_ids_[static_cast<unsigned char>(byte)];
    if (id < 0) {
      units.resize(before);
      return false;
    }
    units.push_back(id);
  }
  return true;
}

void Bpe::append_character_units(std::string_view word,
                                 std::vector<int32_t>& units) const {
  // An unknown token waits for the next known character, bytes go before it.
  std::optional<int32_t> waiting;
  std::string unit;
  for (size_t at = 0; at < word.size();) {
    const size_t length =
        std::max<size_t>(utf8_length(static_cast<unsigned char>(word[at])), 1);
    unit = at > 0 ? options_.continuing_prefix : "";
    unit += word.substr(at, length);
    at += length;
    if (at >= word.size()) unit += options_.end_suffix;
    const auto found = ids_.find(unit);
    if (found != ids_.end()) {
      if (waiting) units.push_back(*std::exchange(waiting, std::nullopt));
      units.push_back(found->second);
    } else if (!append_fallback(unit, units) && options_.unknown) {
      if (waiting && !options_.fuse_unknown) units.push_back(*waiting);
      waiting = need_unknown();
    }
  }
  if (waiting) units.push_back(*waiting);
}

void Bpe::merge_units(std::vector<int32_t>& units) const {
  const auto count = static_cast<int32_t>(units.size());
  std::vector<int32_t> next(units.size());
  std::vector<int32_t> before(units.size());
  for (int32_t i = 0; i < count; ++i) {
    next[static_cast<size_t>(i)] = i + 1;
    before[static_cast<size_t>(i)] = i - 1;
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto unit = [&](int32_t at) -> int32_t& {
    return units[static_cast<size_t>(at)];
  };
  const auto offer = [&](int32_t left, int32_t right) {
    if (left < 0 || right >= count) return;
    const Merge merge = find_merge(unit(left), unit(right));
    if (merge.rank < 0) return;
    queue.push({merge.rank, left, merge.result});
  };
  for (int32_t i = 0; i + 1 < count; ++i) offer(i, i + 1);
  constexpr int32_t kGone = -1;
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    // Joined with another neighbour meanwhile? What counts, as in the library,
    // is that the two here still become the same entry.
    if (unit(top.left) == kGone) continue;
    const int32_t right = next[static_cast<size_t>(top.left)];
    if (right >= count) continue;
    const Merge merge = find_merge(unit(top.left), unit(right));
    if (merge.rank < 0 || merge.result != top.result) continue;
    const int32_t after = next[static_cast<size_t>(right)];
    unit(top.left) = top.result;
    unit(right) = kGone;
    next[static_cast<size_t>(top.left)] = after;
    if (after < count) before[static_cast<size_t>(after)] = top.left;
    offer(before[static_cast<size_t>(top.left)], top.left);
    offer(top.left, after);
  }
  std::erase(units, kGone);
}

void Bpe::encode(std::string_view word, std::vector<int64_t>& ids) const {
  if (options_.ignore_merges) {
    const auto found = ids_.find(word);
    if (found != ids_.end()) {
      ids.push_back(found->second);
      return;
    }
  }
  std::vector<int32_t> units;
  units.reserve(word.size());
  if (options_.byte_level) {
    append_byte_units(word, units);
  } else {
    append_character_units(word, units);
  }
  merge_units(units);
  ids.insert(ids.end(), units.begin(), units.end());
}

}  // namespace lineas
