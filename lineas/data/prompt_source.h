// Where a prompt list comes from: the parts of what a user calls it, its bytes,
// and which kind of file they are. Knows nothing of what is in the kinds.
#pragma once

#include <string>
#include <string_view>

#include "lineas/data/datasets.h"

namespace lineas {

/// The parts of [NAME:]PATH[#subset].
struct PromptSpec {
  const Dataset* dataset = nullptr;
  std::string path;    // "-": standard input
  std::string subset;  // empty: not given

  /// PATH#SUBSET or PATH, as a user writes it.
  std::string text() const;
  /// How results call it: without folder, "stdin" or "pipe" where it has no
  /// name of its own.
  std::string name() const;
};

/// A file of exactly that name comes first: names may hold ':' and '#'. Throws
/// usage for an unknown data set.
PromptSpec parse_prompt_spec(const std::string& text);

/// All bytes of a file, a pipe or standard input. Throws usage where standard
/// input was read before by this process.
std::string read_prompt_bytes(const PromptSpec& spec);

/// Throws format for the bytes of a compressed file, saying what unpacks it.
void refuse_compressed(const PromptSpec& spec, std::string_view bytes);

enum class PromptFormat { txt, jsonl, csv, tsv, json };

/// By the name's ending, whatever its case; by the content for what has none.
/// Throws usage for another ending, and for compressed files.
PromptFormat find_format(const PromptSpec& spec, const TextFile& file);

/// Throws as find_format does, before anything is read.
void check_format(const PromptSpec& spec);

}  // namespace lineas
