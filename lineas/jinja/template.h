// A Jinja template that was parsed and can be rendered: the part of Jinja 3.1
// that chat templates use, set up as transformers does (trim_blocks,
// lstrip_blocks, break and continue, generation, an immutable sandbox). What
// it does not run it refuses by name and line; nothing is skipped.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "lineas/jinja/ast.h"
#include "lineas/jinja/limits.h"
#include "lineas/jinja/machine.h"

namespace lineas::jinja {

class Template {
 public:
  /// `where` (a file) begins every message, with the line. Throws format for
  /// what is no template, unsupported for tags that are not run here.
  Template(std::string_view source, std::string where);

  struct Settings {
    Limits limits;
    Moment now;
  };
  /// Throws usage where the template calls raise_exception, format where it
  /// does what Python refuses, unsupported, or resource beyond the limits.
  std::string render(std::unordered_map<std::string, Value> variables,
                     const Settings& settings) const;

  const std::string& where() const { return where_; }

 private:
  std::string where_;
  Block block_;
};

}  // namespace lineas::jinja
