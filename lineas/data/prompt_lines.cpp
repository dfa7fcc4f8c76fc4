#include "lineas/data/prompt_lines.h"

#include "lineas/base/log.h"
#include "lineas/data/blank.h"

namespace lineas {

void PromptLines::add(std::string text, size_t line) {
  if (is_blank(text)) {
    ++blank_;
    return;
  }
  prompts_.texts.push_back(std::move(text));
  prompts_.lines.push_back(line);
}

void PromptLines::add_ids(std::vector<int64_t> ids, size_t line) {
  prompts_.ids.push_back(std::move(ids));
  prompts_.lines.push_back(line);
}

PromptSet PromptLines::take() {
  if (blank_ > 0)
    log_info("{}: {} empty text{} passed over",
             where_,
             blank_,
             blank_ == 1 ? " is" : "s are");
  return std::move(prompts_);
}

}  // namespace lineas
