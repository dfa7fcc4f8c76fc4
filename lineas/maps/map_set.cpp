#include "lineas/maps/map_set.h"

#include <utility>

#include "lineas/base/error.h"
#include "lineas/base/numbers.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

template <typename T>
struct Word {
  T value;
  const char* name;
};

constexpr Word<Position> kPositions[] = {
    {Position::all, "all"}, {Position::last, "last"}, {Position::avg, "avg"}};
constexpr Word<Guidance> kGuidances[] = {
    {Guidance::both, "both"},
    {Guidance::conditional, "conditional"},
    {Guidance::unconditional, "unconditional"}};
// `from` and `last` are followed by ":K".
constexpr Word<TokenScope::Kind> kScopes[] = {
    {TokenScope::Kind::all, "all"},
    {TokenScope::Kind::prompt, "prompt"},
    {TokenScope::Kind::generated, "generated"},
    {TokenScope::Kind::from, "from"},
    {TokenScope::Kind::last, "last"}};

template <typename T, size_t N>
std::string name_of(T value, const Word<T> (&words)[N]) {
  for (const Word<T>& word : words)
    if (word.value == value) return word.name;
  return "?";
}

template <typename T, size_t N>
const Word<T>* find_word(const std::string& text, const Word<T> (&words)[N]) {
  for (const Word<T>& word : words)
    if (text == word.name) return &word;
  return nullptr;
}

bool takes_count(TokenScope::Kind kind) {
  return kind == TokenScope::Kind::from || kind == TokenScope::Kind::last;
}

// The whole text as a decimal number, or nothing.
std::optional<int64_t> parse_count(const std::string& text) {
  const auto number = parse_number<int64_t>(text);
  return number && *number >= 0 ? number : std::nullopt;
}

}  // namespace

std::string to_string(Position position) {
  return name_of(position, kPositions);
}

std::string to_string(Guidance guidance) {
  return name_of(guidance, kGuidances);
}

std::string to_string(const TokenScope& scope) {
  const std::string name = name_of(scope.kind, kScopes);
  return takes_count(scope.kind) ? fmt::format("{}:{}", name, scope.k) : name;
}

Position parse_position(const std::string& text) {
  if (const auto* word = find_word(text, kPositions)) return word->value;
  fail(ErrorKind::usage,
       "position \"{}\" is unknown. Use all, last or avg.",
       text);
}

Guidance parse_guidance(const std::string& text) {
  if (const auto* word = find_word(text, kGuidances)) return word->value;
  fail(ErrorKind::usage,
       "guidance \"{}\" is unknown. Use both, conditional or unconditional.",
       text);
}

TokenScope parse_token_scope(const std::string& text) {
  const size_t colon = text.find(':');
  const auto* word = find_word(text.substr(0, colon), kScopes);
  const bool has_count = colon != std::string::npos;
  if (word != nullptr && takes_count(word->value) == has_count) {
    if (!has_count) return {word->value, 0};
    const auto count = parse_count(text.substr(colon + 1));
    const int64_t least = word->value == TokenScope::Kind::last ? 1 : 0;
    if (count && *count >= least) return {word->value, *count};
  }
  fail(ErrorKind::usage,
       "token scope \"{}\" is unknown. Use all, prompt, generated, from:K "
       "(positions K and later, from 0) or last:K (K >= 1).",
       text);
}

MapList::MapList(std::initializer_list<Entry> entries) {
  for (const Entry& entry : entries) add(entry.first, entry.second);
}

MapList& MapList::operator=(MapList other) noexcept {
  entries_.swap(other.entries_);
  numbers_.swap(other.numbers_);
  return *this;
}

void MapList::add(MapKey key, AffineMap map) {
  if (!numbers_.emplace(key, entries_.size()).second)
    fail(ErrorKind::usage,
         "site \"{}\" has two maps in one set",
         printable(to_string(key)));
  entries_.emplace_back(std::move(key), std::move(map));
}

const AffineMap* MapList::find(const MapKey& key) const {
  const auto found = numbers_.find(key);
  return found == numbers_.end() ? nullptr : &entries_[found->second].second;
}

}  // namespace lineas
