#include "lineas/learn/methods.h"

namespace lineas {
namespace {

const std::vector<std::pair<std::string, Method (*)()>>& methods() {
  static const std::vector<std::pair<std::string, Method (*)()>> list = {
#define LINEAS_METHOD(function, name) {name, method_##function},
#include "lineas/learn/methods.def"
#undef LINEAS_METHOD
  };
  return list;
}

Method find_method(const std::string& method) {
  for (const auto& [name, describe] : methods())
    if (name == method) return describe();
  fail(ErrorKind::usage,
       "--method {}: unknown; known: {}",
       method,
       fmt::join(known_methods(), ", "));
}

}  // namespace

std::vector<std::string> known_methods() {
  std::vector<std::string> names;
  for (const auto& [name, describe] : methods()) names.push_back(name);
  return names;
}

Json default_options(const std::string& method) {
  return find_method(method).defaults();
}

std::unique_ptr<Learner> make_learner(const std::string& method,
                                      const Json& options,
                                      const RunFiles& files) {
  return find_method(method).make(options, files);
}

}  // namespace lineas
