// Prompt lists of a user: which file, which part of it, and the texts (or
// ready token ids) in it. Knows files and formats, no tokenizer, no model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lineas {

/// Prompts in their order in the file; exactly one of `texts` and `ids` is
/// filled.
struct PromptSet {
  std::vector<std::string> texts;
  std::vector<std::vector<int64_t>> ids;
  std::string name;  // the file's own name and subset, without its folder
  std::string path;  // as the user wrote it, for messages
  std::vector<size_t> lines;    // where each prompt begins in the file, from 1
  bool counts_entries = false;  // `lines` are places in a list, not lines

  bool has_ids() const { return !ids.empty(); }
  size_t size() const { return has_ids() ? ids.size() : texts.size(); }
  /// "path:line: prompt N", for messages: how a person finds a prompt again.
  std::string where(size_t index) const;
};

/// Reads what `spec` names:
///   list.txt                 one prompt a line
///   list.jsonl               "text", "prompt" or "ids" in every line
///   list.csv#column          a table with a header: named column; without one
///                            "text" or "prompt"; list.csv#2 the second column
///                            of a table without a header. list.tsv too
///   list.json#subset         {"subset": ["...", ...]}; without one the only
///   -                        standard input, once; it and pipes are read as
///                            what they look like
///   NAME:PATH#subset         a published data set (see datasets.def)
/// Texts of blanks alone are no prompts. Throws not_found, format or usage
/// naming file, line and what is there: not UTF-8, no prompts, a missing column
/// or subset, a bad line.
PromptSet read_prompts(const std::string& spec);

/// The same from bytes that are already there; `spec` says how to read them.
PromptSet parse_prompts(const std::string& spec, std::string bytes);

/// The first `most` of them, or all where there are no more; 0: all.
PromptSet first_prompts(PromptSet prompts, size_t most);

/// A hash of the content (not of the name), equal on every machine: 16 hex
/// digits, for provenance.
std::string content_hash(const PromptSet& prompts);

}  // namespace lineas
