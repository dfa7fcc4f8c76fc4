#include "lineas/text/gguf_vocabulary.h"

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/base/utf8.h"

namespace lineas {
namespace {

constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr const char* kKinds = "tokenizer.ggml.token_type";

void check_text(const std::vector<std::string>& tokens,
                const std::string& where) {
  for (size_t id = 0; id < tokens.size(); ++id)
    if (find_invalid_utf8(tokens[id]))
      fail(ErrorKind::format,
           "{}: token {} (\"{}\") of \"{}\" is not UTF-8",
           where,
           id,
           printable(tokens[id]),
           kTokens);
}

GgufTokenKind read_kind(int64_t number, size_t id, const std::string& where) {
  // 0 is "undefined", which only very old files have.
  if (number == 0) return GgufTokenKind::normal;
  if (number < 1 || number > 6)
    fail(ErrorKind::format,
         "{}: \"{}\" of token {} is {}, it must be 1 to 6",
         where,
         kKinds,
         id,
         number);
  return static_cast<GgufTokenKind>(number);
}

}  // namespace

GgufVocabulary read_gguf_vocabulary(const GgufMetadata& metadata) {
  GgufVocabulary vocabulary;
  vocabulary.tokens = metadata.require<std::vector<std::string>>(kTokens);
  check_text(vocabulary.tokens, metadata.where());
  vocabulary.kinds.assign(vocabulary.tokens.size(), GgufTokenKind::normal);
  if (!metadata.contains(kKinds)) return vocabulary;
  const auto numbers = metadata.require<std::vector<int64_t>>(kKinds);
  if (numbers.size() != vocabulary.tokens.size())
    fail(ErrorKind::format,
         "{}: \"{}\" has {} entries for {} tokens",
         metadata.where(),
         kKinds,
         numbers.size(),
         vocabulary.tokens.size());
  for (size_t id = 0; id < numbers.size(); ++id)
    vocabulary.kinds[id] = read_kind(numbers[id], id, metadata.where());
  return vocabulary;
}

std::optional<int64_t> read_named_id(const GgufMetadata& metadata,
                                     const std::string& name,
                                     const GgufVocabulary& vocabulary) {
  const std::string key = fmt::format("tokenizer.ggml.{}_token_id", name);
  if (!metadata.contains(key)) return {};
  const auto id = metadata.require<int64_t>(key);
  if (id < 0 || id >= static_cast<int64_t>(vocabulary.tokens.size()))
    fail(ErrorKind::format,
         "{}: key \"{}\" is {}, there are {} tokens",
         metadata.where(),
         key,
         id,
         vocabulary.tokens.size());
  return id;
}

std::vector<AddedToken> added_tokens_of(const GgufVocabulary& vocabulary) {
  std::vector<AddedToken> added;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const GgufTokenKind kind = vocabulary.kinds[id];
    const bool is_special =
        kind == GgufTokenKind::control || kind == GgufTokenKind::unknown;
    if (!is_special && kind != GgufTokenKind::user_defined) continue;
    if (vocabulary.tokens[id].empty()) continue;
    AddedToken token;
    token.content = vocabulary.tokens[id];
    token.id = static_cast<int64_t>(id);
    token.special = is_special;
    token.normalized = false;
    added.push_back(token);
  }
  return added;
}

}  // namespace lineas
