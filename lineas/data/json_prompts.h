// Prompts of JSON files: one object a line, or one document of lists.
#pragma once

#include "lineas/data/prompt_source.h"
#include "lineas/data/prompts.h"

namespace lineas {

/// "text", "prompt" or "ids" of every line. Throws format naming the line.
PromptSet read_jsonl_prompts(const TextFile& file, const PromptSpec& spec);

/// {"subset": ["prompt", ...], ...}, or a list of prompts alone; an entry is a
/// text or an object as a line of .jsonl. Without a subset the only list of
/// prompts there is. Throws format and usage naming subset and entry.
PromptSet read_json_prompts(const TextFile& file, const PromptSpec& spec);

}  // namespace lineas
