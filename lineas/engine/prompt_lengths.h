// Prompts held against what a model can take, said in the words of the file
// they come from. Below, where rows are ids, nobody knows a file.
#pragma once

#include <vector>

#include "lineas/data/prompts.h"
#include "lineas/models/language_model.h"

namespace lineas {

/// Throws usage, naming file and line, for a prompt without tokens or with more
/// than the model's context. `ids`: of every prompt.
void check_lengths(const PromptSet& prompts,
                   const std::vector<std::vector<int64_t>>& ids,
                   const LanguageModelInfo& info);

}  // namespace lineas
