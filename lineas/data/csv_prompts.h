// Prompts of a table: which column, and whether its first row is a header.
// A first row that could be either is asked about, never guessed.
#pragma once

#include "lineas/data/csv.h"
#include "lineas/data/prompt_source.h"
#include "lineas/data/prompts.h"

namespace lineas {

/// The column `spec.subset`: a name in the first row, or the number (from 1) of
/// a column of a table without a header; without one "text" or "prompt". Throws
/// usage where that does not tell.
PromptSet read_csv_prompts(const TextFile& file,
                           const PromptSpec& spec,
                           std::optional<char> separator);

}  // namespace lineas
