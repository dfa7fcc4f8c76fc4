#include "lineas/engine/prompt_lengths.h"

#include "lineas/base/error.h"

namespace lineas {

void check_lengths(const PromptSet& prompts,
                   const std::vector<std::vector<int64_t>>& ids,
                   const LanguageModelInfo& info) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].empty())
      fail(ErrorKind::usage, "{} has no tokens", prompts.where(i));
    if (static_cast<int64_t>(ids[i].size()) > info.context)
      fail(ErrorKind::usage,
           "{} has {} tokens, the model's context is {}. Shorten it.",
           prompts.where(i),
           ids[i].size(),
           info.context);
  }
}

}  // namespace lineas
