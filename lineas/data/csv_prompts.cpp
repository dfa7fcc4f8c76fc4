#include "lineas/data/csv_prompts.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/data/blank.h"
#include "lineas/data/prompt_lines.h"

namespace lineas {
namespace {

/// What a column of prompts is called without having to be named.
constexpr const char* kDefaultColumns[] = {"text", "prompt"};
/// Words that are a header, and hardly a prompt, where they stand alone.
constexpr const char* kHeaderWords[] = {"texts",
                                        "prompts",
                                        "sentence",
                                        "sentences",
                                        "caption",
                                        "captions",
                                        "question",
                                        "comment",
                                        "comment_text",
                                        "content"};

struct Choice {
  size_t column;
  bool has_header;
};

/// A default name, or one of the header words, among the first row's fields.
bool has_header_word(const CsvTable& table, const std::string& path) {
  const auto is_there = [&](const char* name) {
    return table.find_column(name, path).has_value();
  };
  return std::any_of(std::begin(kDefaultColumns),
                     std::end(kDefaultColumns),
                     is_there) ||
         std::any_of(
             std::begin(kHeaderWords), std::end(kHeaderWords), is_there);
}

/// The number of a column, from 1, or 0.
size_t column_number(const std::string& text, const CsvTable& table) {
  size_t number = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  const bool is_number = error == std::errc() && last == end;
  return is_number && number <= table.columns.size() ? number : 0;
}

Choice choose_by_name(const CsvTable& table, const PromptSpec& spec) {
  if (const auto named = table.find_column(spec.subset, spec.path))
    return {*named, true};
  if (const size_t number = column_number(spec.subset, table))
    return {number - 1, has_header_word(table, spec.path)};
  fail(ErrorKind::usage,
       "{}: has no column \"{}\"; its columns: {} (without a header row they "
       "are called #1 to #{})",
       spec.path,
       printable(spec.subset),
       table.list_columns(),
       table.columns.size());
}

Choice choose(const CsvTable& table, const PromptSpec& spec) {
  if (!spec.subset.empty()) return choose_by_name(table, spec);
  for (const char* name : kDefaultColumns)
    if (const auto column = table.find_column(name, spec.path))
      return {*column, true};
  if (table.columns.size() > 1)
    fail(ErrorKind::usage,
         "{0}: name the column with prompts as \"{0}#COLUMN\"; its columns: "
         "{1}. Where the first row is no header, as \"{0}#1\" to \"{0}#{2}\"",
         spec.path,
         table.list_columns(),
         table.columns.size());
  if (has_header_word(table, spec.path)) return {0, true};
  fail(ErrorKind::usage,
       "{0}:{1}: is \"{2}\" the name of the column, or the first prompt? Say "
       "\"{0}#1\" for a file without a header, \"{0}#{2}\" for one with it",
       spec.path,
       table.first_line,
       table.list_columns());
}

}  // namespace

PromptSet read_csv_prompts(const TextFile& file,
                           const PromptSpec& spec,
                           std::optional<char> separator) {
  std::vector<std::string> names(std::begin(kDefaultColumns),
                                 std::end(kDefaultColumns));
  if (!spec.subset.empty()) names = {spec.subset};
  const CsvTable table = read_csv(file, {separator, names});
  if (table.columns.empty()) return {};
  const Choice choice = choose(table, spec);
  PromptLines prompts(spec.text());
  if (!choice.has_header)
    prompts.add(table.columns[choice.column], table.first_line);
  for (const CsvRow& row : table.rows)
    prompts.add(row.fields[choice.column], row.line);
  return prompts.take();
}

}  // namespace lineas
