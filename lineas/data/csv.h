// Comma-separated values as RFC 4180 has them: quoted fields with doubled
// quotes, commas and line ends inside.
#pragma once

#include <string>
#include <vector>

#include "lineas/data/text_file.h"

namespace lineas {

struct CsvRow {
  std::vector<std::string> fields;
  size_t line = 1;  // where it begins
};

struct CsvTable {
  std::vector<std::string> columns;
  std::vector<CsvRow> rows;

  /// The index of a column; a usage Error lists the columns there are.
  size_t column(const std::string& name, const std::string& path) const;
};

/// Reads a file whose first row names the columns; blank lines are skipped.
/// Throws a format Error naming the line: an open quote, text after a closing
/// quote, a row with more or fewer fields than columns.
CsvTable read_csv(const TextFile& file);

}  // namespace lineas
