#include "lineas/learn/methods.h"

#include <algorithm>

#include "lineas/base/numbers.h"

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

// The option of that name, or null.
const MethodOption* find_option(const std::vector<MethodOption>& options,
                                const std::string& name) {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const auto& option) {
        return option.name == name;
      });
  return found == options.end() ? nullptr : &*found;
}

[[noreturn]] void fail_unknown(const std::string& method,
                               const std::string& name) {
  std::vector<std::string> owners, known;
  for (const std::string& other : known_methods())
    if (find_option(method_options(other), name) != nullptr)
      owners.push_back(other);
  for (const MethodOption& option : method_options(method))
    known.push_back(option.name);
  if (owners.empty())
    fail(ErrorKind::usage,
         "no option \"{}\". {}",
         name,
         nearest_names(name, known));
  fail(ErrorKind::usage,
       "--{}: method {} has no such option; it belongs to {}",
       name,
       method,
       fmt::join(owners, ", "));
}

template <typename T>
Json parse_as(const MethodOption& option,
              const std::string& text,
              const char* wanted) {
  const auto number = parse_number<T>(text);
  if (!number)
    fail(ErrorKind::usage, "--{} {}: {} is needed", option.name, text, wanted);
  return *number;
}

Json parse_value(const MethodOption& option, const std::string& text) {
  if (option.value.is_string()) return text;
  if (option.value.is_number_integer())
    return parse_as<int64_t>(option, text, "a whole number");
  if (option.value.is_number())
    return parse_as<double>(option, text, "a number");
  if (text == "true" || text == "false") return text == "true";
  fail(ErrorKind::usage, "--{} {}: use true or false", option.name, text);
}

}  // namespace

std::vector<std::string> known_methods() {
  std::vector<std::string> names;
  for (const auto& [name, describe] : methods()) names.push_back(name);
  return names;
}

std::vector<MethodOption> method_options(const std::string& method) {
  return find_method(method).options();
}

Json default_options(const std::string& method) {
  Json defaults = Json::object();
  for (const MethodOption& option : method_options(method))
    defaults[option.name] = option.value;
  return defaults;
}

MethodTraits method_traits(const std::string& method) {
  return find_method(method).traits;
}

Json parse_options(const std::string& method,
                   const std::map<std::string, std::string>& texts) {
  const std::vector<MethodOption> options = method_options(method);
  Json values = Json::object();
  for (const auto& [name, text] : texts) {
    const MethodOption* option = find_option(options, name);
    if (option == nullptr) fail_unknown(method, name);
    values[name] = parse_value(*option, text);
  }
  return values;
}

std::unique_ptr<Learner> make_learner(const std::string& method,
                                      const Json& options,
                                      const RunFiles& files) {
  const std::vector<MethodOption> known = method_options(method);
  for (const auto& [name, value] : options.items())
    if (find_option(known, name) == nullptr) fail_unknown(method, name);
  return find_method(method).make(options, files);
}

}  // namespace lineas
