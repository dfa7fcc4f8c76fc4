// Tables as RFC 4180 has them: quoted fields with doubled quotes, separators
// and line ends inside. Fields may also be separated by what spreadsheets use
// where commas are for decimals.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lineas/data/text_file.h"

namespace lineas {

struct CsvRow {
  std::vector<std::string> fields;
  size_t line = 1;  // where it begins
};

struct CsvTable {
  char separator = ',';
  std::vector<std::string> columns;  // the first row: names, in a header
  size_t first_line = 1;             // where that begins
  std::vector<CsvRow> rows;          // those behind it

  /// The index of the column that the first row gives that name (blanks around
  /// it and, where that leaves one, case do not count), or nothing. A usage
  /// Error where several have it.
  std::optional<size_t> find_column(const std::string& name,
                                    const std::string& path) const;
  /// The same; a usage Error lists the columns there are where none has it.
  size_t column(const std::string& name, const std::string& path) const;
  /// The fields of the first row, for messages.
  std::string list_columns() const;
};

/// How to read one, where more is known than the bytes say.
struct CsvHints {
  /// Else a first line `sep=X` tells, else it is chosen: the one of , ; tab |
  /// that makes the rows equally long.
  std::optional<char> separator = std::nullopt;
  /// Column names that make a row a header; they tip the choice.
  std::vector<std::string> names = {};
};

/// Reads a table; blank lines are skipped. Throws a format Error naming the
/// line: an open quote, text after a closing quote, a row with more or fewer
/// fields than the first.
CsvTable read_csv(const TextFile& file, const CsvHints& hints = {});

}  // namespace lineas
