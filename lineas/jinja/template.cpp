#include "lineas/jinja/template.h"

#include "lineas/base/error.h"
#include "lineas/jinja/interpreter.h"
#include "lineas/jinja/parser.h"

namespace lineas::jinja {

Template::Template(std::string_view source, std::string where)
    : where_(std::move(where)), block_(parse(source, where_)) {}

std::string Template::render(std::unordered_map<std::string, Value> variables,
                             const Settings& settings) const {
  Machine machine(settings.limits, settings.now);
  Interpreter interpreter(machine, std::move(variables));
  try {
    return interpreter.render(block_);
  } catch (const Error& error) {
    fail(error.kind(), "{}:{}: {}", where_, interpreter.line(), error.what());
  }
}

}  // namespace lineas::jinja
