#include "lineas/text/token_table.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

constexpr int64_t kLargestId = (1 << 22) - 1;

}  // namespace

bool AddedToken::operator==(const AddedToken& other) const {
  return content == other.content && special == other.special &&
         lstrip == other.lstrip && rstrip == other.rstrip &&
         single_word == other.single_word &&
         is_normalized() == other.is_normalized();
}

TokenTable::TokenTable(const Vocabulary& vocabulary,
                       const std::vector<AddedToken>& added,
                       std::string_view where) {
  int64_t last = -1;
  for (const auto& [token, id] : vocabulary) last = std::max(last, id);
  for (const AddedToken& token : added) last = std::max(last, token.id);
  const auto count = static_cast<size_t>(std::min(last, kLargestId) + 1);
  spelled_.resize(count);
  present_.resize(count);
  special_.resize(count);
  for (const auto& [token, id] : vocabulary) put(token, id, where);
  for (const AddedToken& token : added) {
    put(token.content, token.id, where);
    special_[static_cast<size_t>(token.id)] = token.special;
  }
  ids_.reserve(count);
  for (size_t id = 0; id < count; ++id) {
    if (present_[id]) ids_.emplace(spelled_[id], static_cast<int64_t>(id));
  }
}

void TokenTable::put(const std::string& token,
                     int64_t id,
                     std::string_view where) {
  if (id < 0 || id > kLargestId) {
    fail(ErrorKind::format,
         "{}: token \"{}\" has id {}, ids go from 0 to {}",
         where,
         token,
         id,
         kLargestId);
  }
  spelled_[static_cast<size_t>(id)] = token;
  present_[static_cast<size_t>(id)] = true;
}

const std::string* TokenTable::spelling(int64_t id) const {
  if (id < 0) {
    fail(ErrorKind::usage, "token id {} is negative; ids begin at 0", id);
  }
  const auto index = static_cast<size_t>(id);
  return index < spelled_.size() && present_[index] ? &spelled_[index]
                                                    : nullptr;
}

bool TokenTable::is_special(int64_t id) const {
  return id >= 0 && id < size() && special_[static_cast<size_t>(id)];
}

std::optional<int64_t> TokenTable::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

}  // namespace lineas
