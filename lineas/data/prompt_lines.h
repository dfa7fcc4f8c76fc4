// Collecting the prompts of a file: texts of blanks alone are passed over, and
// every prompt keeps its line.
#pragma once

#include <string>

#include "lineas/data/prompts.h"

namespace lineas {

class PromptLines {
 public:
  /// `where`: the file, for what is said of it.
  explicit PromptLines(std::string where) : where_(std::move(where)) {}

  void add(std::string text, size_t line);
  void add_ids(std::vector<int64_t> ids, size_t line);
  /// What was collected; says how many texts were passed over.
  PromptSet take();

 private:
  std::string where_;
  PromptSet prompts_;
  size_t blank_ = 0;
};

}  // namespace lineas
