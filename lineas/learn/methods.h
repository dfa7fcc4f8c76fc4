// The list of learning methods: a learner made from its name and its options,
// as a command line, a recipe or a map's provenance has them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lineas/base/error.h"
#include "lineas/base/names.h"
#include "lineas/learn/learner.h"

namespace lineas {

/// The learner of that name. `options`: an object of its options by name, as
/// the map's provenance keeps them; what is left out has its default. Throws
/// usage for an unknown method (lists the known), an unknown option (names the
/// nearest) and a value of the wrong type or out of range.
std::unique_ptr<Learner> make_learner(const std::string& method,
                                      const Json& options = Json::object(),
                                      const RunFiles& files = {});

/// Every option of a method with its default.
Json default_options(const std::string& method);

/// The names that make_learner knows.
std::vector<std::string> known_methods();

/// An options struct as one JSON object, by its visit_options.
template <typename Options>
Json to_json(const Options& options) {
  Json json = Json::object();
  visit_options(options,
                [&json](const char* name, const auto& value, const char*) {
                  json[name] = value;
                });
  return json;
}

/// The reverse: throws usage for a name that is no option, or a wrong type.
template <typename Options>
Options from_json(const Json& json) {
  Options options;
  const Json known = to_json(options);
  std::vector<std::string> names;
  for (const auto& [name, value] : known.items()) names.push_back(name);
  for (const auto& [name, value] : json.items())
    if (!known.contains(name))
      fail(ErrorKind::usage,
           "no option \"{}\". {}",
           name,
           nearest_names(name, names));
  try {
    visit_options(options, [&json](const char* name, auto& value, const char*) {
      value = value_or(json, name, "options", value);
    });
  } catch (const Error& error) {
    fail(ErrorKind::usage, "{}", error.what());
  }
  return options;
}

/// What the list knows of a method.
struct Method {
  Json (*defaults)();
  std::unique_ptr<Learner> (*make)(const Json& options, const RunFiles& files);
};

/// The entry of a learner that is made from (Options, RunFiles).
template <typename Options, typename AnyLearner>
Method make_method() {
  return {[] { return to_json(Options()); },
          [](const Json& options,
             const RunFiles& files) -> std::unique_ptr<Learner> {
            return std::make_unique<AnyLearner>(from_json<Options>(options),
                                                files);
          }};
}

#define LINEAS_METHOD(function, name) Method method_##function();
#include "lineas/learn/methods.def"
#undef LINEAS_METHOD

}  // namespace lineas
