#include "lineas/data/csv.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/data/blank.h"

namespace lineas {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lowered;
}

class CsvReader {
 public:
  CsvReader(const TextFile& file, char separator)
      : file_(file),
        text_(file.text()),
        separator_(separator),
        ends_({separator, '\r', '\n'}) {
    if (declared_separator(text_)) {
      at_ = std::min(text_.find_first_of("\r\n"), text_.size());
      skip_line_end();
    }
  }

  /// What a first line `sep=X` says: how spreadsheets are told.
  static std::optional<char> declared_separator(std::string_view text) {
    std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    if (line.starts_with('"') && line.ends_with('"') && line.size() > 1)
      line = line.substr(1, line.size() - 2);
    if (line.size() != 5 || lower(line.substr(0, 4)) != "sep=")
      return std::nullopt;
    return line[4];
  }

  bool at_end() const { return at_ == text_.size(); }

  /// One record; a blank line gives a single empty field.
  CsvRow read_row() {
    CsvRow row;
    row.line = line_;
    row.fields.push_back(read_field());
    while (!at_end() && text_[at_] == separator_) {
      ++at_;
      row.fields.push_back(read_field());
    }
    skip_line_end();
    return row;
  }

 private:
  std::string read_field() {
    if (at_end() || text_[at_] != '"') {
      const size_t end =
          std::min(text_.find_first_of(ends_, at_), text_.size());
      const std::string_view field = text_.substr(at_, end - at_);
      at_ = end;
      return std::string(field);
    }
    return read_quoted();
  }

  std::string read_quoted() {
    const size_t first_line = line_;
    std::string field;
    ++at_;
    while (!at_end()) {
      const char c = text_[at_++];
      if (c == '\n' || (c == '\r' && text_.substr(at_, 1) != "\n")) ++line_;
      if (c != '"') {
        field += c;
      } else if (!at_end() && text_[at_] == '"') {
        field += text_[at_++];
      } else {
        check_field_ends();
        return field;
      }
    }
    fail(ErrorKind::format,
         "{}: a quoted field begins here and never ends",
         file_.at(first_line));
  }

  void check_field_ends() const {
    if (at_end() || text_.find_first_of(ends_, at_) == at_) return;
    fail(ErrorKind::format,
         "{}: text after the closing quote of a field; a quote inside a "
         "quoted field is written twice",
         file_.at(line_));
  }

  void skip_line_end() {
    if (text_.substr(at_).starts_with("\r\n"))
      at_ += 2;
    else if (!at_end())
      ++at_;
    ++line_;
  }

  const TextFile& file_;
  std::string_view text_;
  char separator_;
  std::string ends_;
  size_t at_ = 0;
  size_t line_ = 1;
};

bool is_blank_row(const CsvRow& row) {
  return row.fields.size() == 1 && is_blank(row.fields[0]);
}

std::string name_of(char separator) {
  if (separator == '\t') return "tabs";
  return separator == ',' ? "commas" : fmt::format("\"{}\"", separator);
}

/// How well a separator explains a file.
struct Trial {
  bool has_name = false;  // one of the wanted column names
  size_t agreeing = 0;    // rows as long as the first
  size_t rows = 0;
};

Trial try_separator(const TextFile& file,
                    char separator,
                    const std::vector<std::string>& names) {
  Trial trial;
  size_t width = 0;
  try {
    for (CsvReader reader(file, separator); !reader.at_end();) {
      const CsvRow row = reader.read_row();
      if (is_blank_row(row)) continue;
      if (trial.rows++ == 0) {
        width = row.fields.size();
        if (width < 2) return {};
        for (const std::string& field : row.fields)
          for (const std::string& name : names)
            trial.has_name |= lower(trim_blanks(field)) == lower(name);
      }
      if (row.fields.size() == width) ++trial.agreeing;
    }
  } catch (const Error&) {
    // What is wrong with it is said when it is read with this separator.
  }
  return trial;
}

char choose_separator(const TextFile& file, const CsvHints& hints) {
  if (hints.separator) return *hints.separator;
  if (const auto declared = CsvReader::declared_separator(file.text()))
    return *declared;
  char best = ',';
  Trial best_trial;
  for (const char separator : {',', ';', '\t', '|'}) {
    const Trial trial = try_separator(file, separator, hints.names);
    if (2 * trial.agreeing <= trial.rows) continue;
    const bool is_better = trial.has_name != best_trial.has_name
                               ? trial.has_name
                               : trial.agreeing > best_trial.agreeing;
    if (!is_better) continue;
    best = separator;
    best_trial = trial;
  }
  return best;
}

}  // namespace

std::optional<size_t> CsvTable::find_column(const std::string& name,
                                            const std::string& path) const {
  for (const bool minds_case : {true, false}) {
    std::vector<size_t> found;
    for (size_t i = 0; i < columns.size(); ++i) {
      const std::string_view field = trim_blanks(columns[i]);
      if (minds_case ? field == name : lower(field) == lower(name))
        found.push_back(i);
    }
    if (found.size() > 1)
      fail(ErrorKind::usage,
           "{}: has {} columns \"{}\"; rename all but one",
           path,
           found.size(),
           name);
    if (!found.empty()) return found[0];
  }
  return std::nullopt;
}

size_t CsvTable::column(const std::string& name,
                        const std::string& path) const {
  if (const auto found = find_column(name, path)) return *found;
  fail(ErrorKind::usage,
       "{}: has no column \"{}\"; its columns: {}",
       path,
       printable(name),
       list_columns());
}

std::string CsvTable::list_columns() const {
  constexpr size_t kMostShown = 20, kMostLetters = 40;
  std::vector<std::string> shown;
  for (const std::string& field : columns) {
    if (shown.size() == kMostShown) {
      shown.push_back(fmt::format("... ({})", columns.size()));
      break;
    }
    shown.push_back(printable(trim_blanks(field), kMostLetters));
  }
  return fmt::format("{}", fmt::join(shown, ", "));
}

CsvTable read_csv(const TextFile& file, const CsvHints& hints) {
  CsvTable table;
  table.separator = choose_separator(file, hints);
  CsvReader reader(file, table.separator);
  while (!reader.at_end()) {
    CsvRow row = reader.read_row();
    // In a table of one column a blank line may be an empty value: skipped,
    // as an empty prompt is none.
    if (is_blank_row(row)) continue;
    if (table.columns.empty()) {
      table.columns = std::move(row.fields);
      table.first_line = row.line;
      continue;
    }
    if (row.fields.size() != table.columns.size())
      fail(ErrorKind::format,
           "{}: {} fields in a table of {} columns, separated by {}; a text "
           "that holds the separator is put in quotes",
           file.at(row.line),
           row.fields.size(),
           table.columns.size(),
           name_of(table.separator));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace lineas
