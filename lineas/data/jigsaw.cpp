// Jigsaw Toxic Comment Classification, train.csv (Kaggle 2018): id,
// comment_text, then one 0/1 column a label. A comment without any label is
// "non-toxic".
#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/data/csv.h"
#include "lineas/data/datasets.h"
#include "lineas/data/prompt_lines.h"

namespace lineas {
namespace {

bool is_set(const CsvRow& row, size_t column, const TextFile& file) {
  const std::string& value = row.fields[column];
  if (value != "0" && value != "1") {
    fail(ErrorKind::format,
         "{}: label \"{}\" is neither 0 nor 1",
         file.at(row.line),
         value);
  }
  return value == "1";
}

}  // namespace

PromptSet read_jigsaw(const TextFile& file, const std::string& subset) {
  const CsvTable table = read_csv(file, {.names = {"comment_text"}});
  const size_t text = table.column("comment_text", file.path());
  std::vector<size_t> wanted;  // columns that decide
  std::vector<std::string> names = {"non-toxic"};
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (i == text || table.columns[i] == "id") continue;
    names.push_back(table.columns[i]);
    if (subset == "non-toxic" || subset == table.columns[i]) {
      wanted.push_back(i);
    }
  }
  if (std::find(names.begin(), names.end(), subset) == names.end()) {
    fail(ErrorKind::usage,
         "{}: has no subset \"{}\"; its subsets: {}",
         file.path(),
         subset,
         fmt::join(names, ", "));
  }
  PromptLines prompts(file.path());
  for (const CsvRow& row : table.rows) {
    const bool any =
        std::any_of(wanted.begin(), wanted.end(), [&](size_t column) {
          return is_set(row, column, file);
        });
    if (any != (subset == "non-toxic")) prompts.add(row.fields[text], row.line);
  }
  return prompts.take();
}

}  // namespace lineas
