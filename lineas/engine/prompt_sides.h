// What learning does with the two lists of a request, whatever the model.
#pragma once

#include "lineas/base/json.h"
#include "lineas/data/prompts.h"
#include "lineas/tap/site.h"

namespace lineas {

/// The first `take` prompts; 0: all. Throws usage where there are fewer.
PromptSet taken(PromptSet prompts, int64_t take);

/// What provenance says of a list.
Json describe_prompts(const PromptSet& prompts);

/// The pattern, after saying on stderr that it was chosen.
std::string said(const std::string& pattern, const SiteTable& sites);

}  // namespace lineas
