#include "lineas/engine/prompt_sides.h"

#include "lineas/base/error.h"
#include "lineas/base/log.h"

namespace lineas {

PromptSet taken(PromptSet prompts, int64_t take) {
  const size_t count = take > 0 ? static_cast<size_t>(take) : prompts.size();
  if (count > prompts.size())
    fail(ErrorKind::usage,
         "--take {}: {} has {} prompts",
         take,
         prompts.name,
         prompts.size());
  return first_prompts(std::move(prompts), count);
}

Json describe_prompts(const PromptSet& prompts) {
  return {{"name", prompts.name},
          {"count", prompts.size()},
          {"hash", content_hash(prompts)}};
}

std::string said(const std::string& pattern, const SiteTable& sites) {
  log_info("sites: {} ({} sites)", pattern, sites.match(pattern).size());
  return pattern;
}

}  // namespace lineas
