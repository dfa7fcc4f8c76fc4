#include "lineas/text/prompt_tokenizer.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/printable.h"
#include "lineas/text/tokenizer_config.h"

namespace lineas {
namespace {

/// The tokens that stand before and behind a text.
struct Around {
  std::vector<int64_t> before, after;
};

Around find_around(const std::vector<int64_t>& whole,
                   const std::vector<int64_t>& bare) {
  const size_t most = whole.size() - bare.size();
  for (size_t count = 0; count <= most; ++count) {
    const auto begin = whole.begin() + static_cast<ptrdiff_t>(count);
    if (!std::equal(bare.begin(), bare.end(), begin)) continue;
    // Of an empty text nothing tells: BOS comes first, EOS last.
    const bool is_empty = bare.empty() && most > 1 && count == 0;
    const auto from = is_empty ? begin + 1 : begin;
    const auto text = static_cast<ptrdiff_t>(bare.size());
    return {{whole.begin(), from}, {from + text, whole.end()}};
  }
  return {};
}

// The published value for "no limit" is 10^30.
int64_t read_longest(const TokenizerConfig& config) {
  constexpr double kNoLimit = 1 << 30;
  const auto length = value_or<double>(
      config.values, "model_max_length", config.where, kNoLimit);
  if (length >= kNoLimit) return 0;
  if (length >= 1 &&
      length == static_cast<double>(static_cast<int64_t>(length)))
    return static_cast<int64_t>(length);
  fail(ErrorKind::format,
       "{}: \"model_max_length\" is {}, it must be a positive number of tokens",
       config.where,
       length);
}

void check_side(const TokenizerConfig& config, const char* key) {
  const auto side =
      value_or<std::string>(config.values, key, config.where, "right");
  if (side == "right") return;
  fail(ErrorKind::unsupported,
       "{}: \"{}\" is \"{}\", only \"right\" is supported for prompts",
       config.where,
       key,
       printable(side));
}

}  // namespace

PromptTokenizer::PromptTokenizer(const std::string& folder,
                                 const std::string& tokenizer_class)
    : folder_(folder), tokenizer_(load_tokenizer(folder, tokenizer_class)) {
  const TokenizerConfig config = read_tokenizer_config(folder, tokenizer_class);
  check_side(config, "padding_side");
  check_side(config, "truncation_side");
  longest_ = read_longest(config);
  if (!tokenizer_->pad_id())
    fail(ErrorKind::format,
         "{}: the tokenizer has no pad token, which prompts are filled up "
         "with; name it as \"pad_token\"",
         folder);
  pad_id_ = *tokenizer_->pad_id();
}

PromptIds PromptTokenizer::encode(std::string_view text, int64_t length) const {
  PromptIds prompt;
  prompt.ids = tokenizer_->encode(text);
  prompt.used = static_cast<int64_t>(prompt.ids.size());
  if (prompt.used > length) {
    const std::vector<int64_t> bare = tokenizer_->encode(text, false);
    const Around around = find_around(prompt.ids, bare);
    const auto room = length - static_cast<int64_t>(around.before.size()) -
                      static_cast<int64_t>(around.after.size());
    if (room < 0)
      fail(ErrorKind::usage,
           "{}: a prompt of {} tokens has no room for what is put around it; "
           "ask for more",
           folder_,
           length);
    const auto end = bare.begin() + room;
    prompt.ids = around.before;
    prompt.ids.insert(prompt.ids.end(), bare.begin(), end);
    prompt.ids.insert(
        prompt.ids.end(), around.after.begin(), around.after.end());
    prompt.cut_off =
        tokenizer_->decode(std::span(bare).subspan(static_cast<size_t>(room)));
    prompt.used = length;
  }
  prompt.ids.resize(static_cast<size_t>(length), pad_id_);
  return prompt;
}

void warn_of_cut(const PromptIds& prompt, std::string_view tokenizer) {
  if (prompt.cut_off.empty()) return;
  log_warning(
      "the prompt is longer than the {} tokens of {}, this part of it is not "
      "seen: \"{}\"",
      prompt.ids.size(),
      tokenizer,
      printable(prompt.cut_off));
}

}  // namespace lineas
