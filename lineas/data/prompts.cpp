#include "lineas/data/prompts.h"

#include "lineas/base/error.h"
#include "lineas/base/seed.h"
#include "lineas/data/blank.h"
#include "lineas/data/csv_prompts.h"
#include "lineas/data/json_prompts.h"
#include "lineas/data/prompt_source.h"

namespace lineas {
namespace {

void refuse_subset(const PromptSpec& spec) {
  if (spec.subset.empty()) return;
  fail(ErrorKind::usage,
       "{}: this kind of file has no subsets, but \"#{}\" was asked for",
       spec.path,
       spec.subset);
}

PromptSet read_txt(const TextFile& file) {
  PromptSet prompts;
  for (const Line& line : file.lines()) {
    if (is_blank(line.text)) continue;
    prompts.texts.emplace_back(line.text);
    prompts.lines.push_back(line.number);
  }
  return prompts;
}

PromptSet read(const TextFile& file, const PromptSpec& spec) {
  if (spec.dataset != nullptr) return spec.dataset->read(file, spec.subset);
  const PromptFormat format = find_format(spec, file);
  if (format == PromptFormat::csv)
    return read_csv_prompts(file, spec, std::nullopt);
  if (format == PromptFormat::tsv) return read_csv_prompts(file, spec, '\t');
  if (format == PromptFormat::json) return read_json_prompts(file, spec);
  refuse_subset(spec);
  return format == PromptFormat::jsonl ? read_jsonl_prompts(file, spec)
                                       : read_txt(file);
}

PromptSet read_checked(const PromptSpec& spec, std::string bytes) {
  refuse_compressed(spec, bytes);
  PromptSet prompts = read(TextFile(std::move(bytes), spec.path), spec);
  if (prompts.size() == 0)
    fail(ErrorKind::usage, "{}: holds no prompts", spec.text());
  prompts.name = spec.name();
  prompts.path = prompts.counts_entries ? spec.text() : spec.path;
  return prompts;
}

}  // namespace

std::string PromptSet::where(size_t index) const {
  const std::string& file = path.empty() ? name : path;
  if (index >= lines.size())
    return fmt::format("{}: prompt {}", file, index + 1);
  if (counts_entries) return fmt::format("{}: prompt {}", file, lines[index]);
  return fmt::format("{}:{}: prompt {}", file, lines[index], index + 1);
}

PromptSet read_prompts(const std::string& text) {
  const PromptSpec spec = parse_prompt_spec(text);
  check_format(spec);
  return read_checked(spec, read_prompt_bytes(spec));
}

PromptSet parse_prompts(const std::string& name, std::string bytes) {
  return read_checked(parse_prompt_spec(name), std::move(bytes));
}

PromptSet first_prompts(PromptSet prompts, size_t most) {
  if (most == 0) return prompts;
  if (prompts.texts.size() > most) prompts.texts.resize(most);
  if (prompts.ids.size() > most) prompts.ids.resize(most);
  if (prompts.lines.size() > most) prompts.lines.resize(most);
  return prompts;
}

std::string content_hash(const PromptSet& prompts) {
  // Lengths in front, so that no two different lists give the same bytes.
  std::string bytes;
  for (const std::string& text : prompts.texts) {
    bytes += fmt::format("t{}:{}", text.size(), text);
  }
  for (const std::vector<int64_t>& ids : prompts.ids) {
    bytes += fmt::format("i{}:{}", ids.size(), fmt::join(ids, ","));
  }
  return fmt::format("{:016x}", stable_hash(bytes));
}

}  // namespace lineas
