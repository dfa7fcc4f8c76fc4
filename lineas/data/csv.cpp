#include "lineas/data/csv.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

class CsvReader {
 public:
  explicit CsvReader(const TextFile& file) : file_(file), text_(file.text()) {}

  bool at_end() const { return at_ == text_.size(); }

  /// One record; a blank line gives a single empty field.
  CsvRow read_row() {
    CsvRow row;
    row.line = line_;
    row.fields.push_back(read_field());
    while (!at_end() && text_[at_] == ',') {
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
          std::min(text_.find_first_of(",\r\n", at_), text_.size());
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
      if (c == '\n') ++line_;
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
    if (at_end() || text_.find_first_of(",\r\n", at_) == at_) return;
    fail(ErrorKind::format,
         "{}: text after the closing quote of a field; a quote inside a "
         "quoted field is written twice",
         file_.at(line_));
  }

  void skip_line_end() {
    if (!at_end() && text_[at_] == '\r') ++at_;
    if (!at_end() && text_[at_] == '\n') ++at_;
    ++line_;
  }

  const TextFile& file_;
  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 1;
};

bool is_blank(const CsvRow& row) {
  return row.fields.size() == 1 && row.fields[0].empty();
}

}  // namespace

size_t CsvTable::column(const std::string& name,
                        const std::string& path) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) {
    fail(ErrorKind::usage,
         "{}: has no column \"{}\"; its columns: {}",
         path,
         name,
         fmt::join(columns, ", "));
  }
  return static_cast<size_t>(found - columns.begin());
}

CsvTable read_csv(const TextFile& file) {
  CsvReader reader(file);
  CsvTable table;
  while (!reader.at_end()) {
    CsvRow row = reader.read_row();
    if (table.columns.empty()) {
      if (!is_blank(row)) table.columns = std::move(row.fields);
      continue;
    }
    // In a table of one column a blank line may be an empty value: skipped,
    // as an empty prompt is none.
    if (is_blank(row)) continue;
    if (row.fields.size() != table.columns.size()) {
      fail(ErrorKind::format,
           "{}: {} fields in a table of {} columns",
           file.at(row.line),
           row.fields.size(),
           table.columns.size());
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace lineas
