#include "lineas/text/added_vocabulary.h"

#include <algorithm>

namespace lineas {

AddedVocabulary::AddedVocabulary(const Vocabulary& model)
    : model_(model.begin(), model.end()) {}

std::optional<int64_t> AddedVocabulary::id_of(const std::string& token) const {
  const auto added = ids_.find(token);
  if (added != ids_.end()) return added->second;
  const auto known = model_.find(token);
  if (known != model_.end()) return known->second;
  return {};
}

int64_t AddedVocabulary::next_id() const {
  const auto size = static_cast<int64_t>(model_.size());
  int64_t highest = -1;
  for (const auto& [name, id] : ids_) highest = std::max(highest, id);
  if (highest >= size || (highest >= 0 && size == 0)) return highest + 1;
  return size;
}

void AddedVocabulary::add(const std::vector<AddedToken>& tokens) {
  for (const AddedToken& token : tokens) {
    if (token.special && !token.content.empty() &&
        special_names_.insert(token.content).second) {
      special_.push_back(token);
    }
  }
  for (AddedToken token : tokens) {
    const bool is_known =
        std::any_of(by_id_.begin(), by_id_.end(), [&](const auto& item) {
          return item.second == token;
        });
    if (token.content.empty() || is_known) continue;
    token.id = id_of(token.content).value_or(next_id());
    ids_[token.content] = token.id;
    by_id_[token.id] = token;
    if (!is_special(token.content)) plain_.push_back(token);
  }
}

std::vector<AddedToken> AddedVocabulary::searched() const {
  std::vector<AddedToken> tokens;
  for (const std::vector<AddedToken>* list : {&special_, &plain_}) {
    for (const AddedToken& listed : *list) {
      AddedToken token = by_id_.at(*id_of(listed.content));
      token.normalized = listed.is_normalized();
      token.content = listed.content;
      token.special = is_special(listed.content);
      tokens.push_back(token);
    }
  }
  return tokens;
}

}  // namespace lineas
