#include "lineas/data/prompts.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/json.h"
#include "lineas/base/seed.h"
#include "lineas/data/csv.h"
#include "lineas/data/datasets.h"

namespace lineas {
namespace {

/// The parts of [NAME:]PATH[#subset].
struct Spec {
  const Dataset* dataset = nullptr;
  std::string path;
  std::string subset;  // empty: not given
};

const Dataset* find_dataset(const std::string& name) {
  for (const Dataset& dataset : datasets()) {
    if (dataset.name == name) return &dataset;
  }
  return nullptr;
}

std::string dataset_names() {
  std::vector<std::string> names;
  for (const Dataset& dataset : datasets()) names.push_back(dataset.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// A file of exactly that name comes first: names may hold ':' and '#'.
Spec parse_spec(const std::string& text) {
  Spec spec;
  if (file_exists(text)) return {nullptr, text, ""};
  spec.path = text;
  const size_t hash = spec.path.rfind('#');
  if (hash != std::string::npos) {
    spec.subset = spec.path.substr(hash + 1);
    spec.path.resize(hash);
  }
  const size_t colon = spec.path.find(':');
  if (colon == std::string::npos || file_exists(spec.path)) return spec;
  const std::string name = spec.path.substr(0, colon);
  spec.dataset = find_dataset(name);
  if (spec.dataset == nullptr) {
    fail(ErrorKind::usage,
         "{}: there is no file of that name, and no data set \"{}\" (known: "
         "{})",
         text,
         name,
         dataset_names());
  }
  spec.path.erase(0, colon + 1);
  return spec;
}

void refuse_subset(const Spec& spec) {
  if (spec.subset.empty()) return;
  fail(ErrorKind::usage,
       "{}: this kind of file has no subsets, but \"#{}\" was asked for",
       spec.path,
       spec.subset);
}

PromptSet read_txt(const TextFile& file, const Spec& spec) {
  refuse_subset(spec);
  PromptSet prompts;
  for (const Line& line : file.lines()) {
    if (!line.text.empty()) prompts.texts.emplace_back(line.text);
  }
  return prompts;
}

/// One line of .jsonl: its "text", "prompt" or "ids".
void append_json_line(const Json& item,
                      const std::string& where,
                      PromptSet& prompts) {
  const bool has_ids = item.is_object() && item.contains("ids");
  if (has_ids ? !prompts.texts.empty() : !prompts.ids.empty()) {
    fail(ErrorKind::format,
         "{}: some lines have \"ids\" and others text; use one of them",
         where);
  }
  if (has_ids) {
    prompts.ids.push_back(require<std::vector<int64_t>>(item, "ids", where));
    for (const int64_t id : prompts.ids.back()) {
      if (id < 0) fail(ErrorKind::format, "{}: id {} is negative", where, id);
    }
    if (prompts.ids.back().empty()) {
      fail(ErrorKind::format, "{}: \"ids\" is empty", where);
    }
    return;
  }
  for (const char* key : {"text", "prompt"}) {
    if (item.is_object() && item.contains(key)) {
      prompts.texts.push_back(require<std::string>(item, key, where));
      return;
    }
  }
  fail(ErrorKind::format,
       "{}: is not an object with \"text\", \"prompt\" or \"ids\"",
       where);
}

PromptSet read_jsonl(const TextFile& file, const Spec& spec) {
  refuse_subset(spec);
  PromptSet prompts;
  for (const Line& line : file.lines()) {
    if (line.text.find_first_not_of(" \t") == std::string_view::npos) continue;
    const std::string where = file.at(line.number);
    append_json_line(parse_json(line.text, where), where, prompts);
  }
  return prompts;
}

/// The column asked for, else "text", "prompt" or the only one.
std::string choose_column(const CsvTable& table, const Spec& spec) {
  if (!spec.subset.empty()) return spec.subset;
  for (const char* name : {"text", "prompt"}) {
    if (std::count(table.columns.begin(), table.columns.end(), name) > 0) {
      return name;
    }
  }
  if (table.columns.size() == 1) return table.columns[0];
  fail(ErrorKind::usage,
       "{}: name the column with prompts as \"{}#COLUMN\"; its columns: {}",
       spec.path,
       spec.path,
       fmt::join(table.columns, ", "));
}

PromptSet read_csv_prompts(const TextFile& file, const Spec& spec) {
  const CsvTable table = read_csv(file);
  PromptSet prompts;
  if (table.columns.empty()) return prompts;
  const size_t column = table.column(choose_column(table, spec), spec.path);
  for (const CsvRow& row : table.rows) {
    if (!row.fields[column].empty()) {
      prompts.texts.push_back(row.fields[column]);
    }
  }
  return prompts;
}

PromptSet read_json_prompts(const TextFile& file, const Spec& spec) {
  const Json json = parse_json_unique(file.text(), spec.path);
  std::vector<std::string> names;
  if (json.is_object()) {
    for (const auto& item : json.items()) names.push_back(item.key());
  }
  if (names.empty()) {
    fail(ErrorKind::format,
         "{}: is not an object {{\"subset\": [\"prompt\", ...]}}",
         spec.path);
  }
  const bool known = std::count(names.begin(), names.end(), spec.subset) > 0;
  if (!known && (!spec.subset.empty() || names.size() > 1)) {
    fail(ErrorKind::usage,
         "{}: {}; name one of its subsets as \"{}#SUBSET\": {}",
         spec.path,
         spec.subset.empty() ? "has several subsets"
                             : fmt::format("has no subset \"{}\"", spec.subset),
         spec.path,
         fmt::join(names, ", "));
  }
  PromptSet prompts;
  prompts.texts = require<std::vector<std::string>>(
      json, known ? spec.subset : names[0], spec.path);
  return prompts;
}

PromptSet read_dataset(const TextFile& file, const Spec& spec) {
  PromptSet prompts;
  prompts.texts = spec.dataset->read(file, spec.subset);
  return prompts;
}

using Reader = std::function<PromptSet(const TextFile&, const Spec&)>;

Reader reader_of(const Spec& spec) {
  static const std::map<std::string, Reader> readers = {
      {".txt", read_txt},
      {".jsonl", read_jsonl},
      {".csv", read_csv_prompts},
      {".json", read_json_prompts}};
  if (spec.dataset != nullptr) return read_dataset;
  const std::string extension =
      std::filesystem::path(spec.path).extension().string();
  const auto found = readers.find(extension);
  if (found == readers.end()) {
    fail(ErrorKind::usage,
         "{}: prompts are read from .txt, .jsonl, .csv and .json files, not "
         "from \"{}\"",
         spec.path,
         extension);
  }
  return found->second;
}

PromptSet read_checked(const Spec& spec,
                       const Reader& read,
                       std::string bytes) {
  PromptSet prompts = read(TextFile(std::move(bytes), spec.path), spec);
  if (prompts.size() == 0) {
    fail(ErrorKind::usage,
         "{}{}: holds no prompts",
         spec.path,
         spec.subset.empty() ? "" : "#" + spec.subset);
  }
  prompts.name = std::filesystem::path(spec.path).filename().string();
  if (spec.dataset != nullptr) {
    prompts.name = fmt::format("{}:{}", spec.dataset->name, prompts.name);
  }
  if (!spec.subset.empty()) prompts.name += "#" + spec.subset;
  return prompts;
}

}  // namespace

PromptSet read_prompts(const std::string& text) {
  const Spec spec = parse_spec(text);
  const Reader read = reader_of(spec);
  return read_checked(spec, read, read_file(spec.path));
}

PromptSet parse_prompts(const std::string& name, std::string bytes) {
  const Spec spec = parse_spec(name);
  return read_checked(spec, reader_of(spec), std::move(bytes));
}

PromptSet first_prompts(PromptSet prompts, size_t most) {
  if (most == 0) return prompts;
  if (prompts.texts.size() > most) prompts.texts.resize(most);
  if (prompts.ids.size() > most) prompts.ids.resize(most);
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
