// The list of learning methods: a learner made from its name and its options,
// as a command line, a recipe or a map's provenance has them.
#pragma once

#include <map>
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
/// methods that have it, or the nearest) and a value of the wrong type or out
/// of range.
std::unique_ptr<Learner> make_learner(const std::string& method,
                                      const Json& options = Json::object(),
                                      const RunFiles& files = {});

/// One option of a method: its default, which also says its type (bool,
/// integer, number or string), and what it means.
struct MethodOption {
  std::string name;
  Json value;
  std::string sentence;
};

/// Every option of a method, in the order to list them.
std::vector<MethodOption> method_options(const std::string& method);
/// The same as one object, name -> default.
Json default_options(const std::string& method);

/// What a method can and what it cannot, whatever its options;
/// tests/contract holds it to that.
struct MethodTraits {
  /// A side; it refuses fewer.
  int64_t least_prompts = 1;
  /// It turns detectors of the source down (scales in [0, 1], no shift), and
  /// leads nowhere; the others bring the source nearer to the target.
  bool only_dampens = false;
  /// Neurons that are constant on the target side get no map.
  bool leaves_constant_targets = false;
};

/// What that method states of itself.
MethodTraits method_traits(const std::string& method);

/// Options as texts (a command line's) in their own types, as make_learner
/// takes them. Throws usage, naming the flag, for a text that is no value of
/// its option, and for an option that the method lacks.
Json parse_options(const std::string& method,
                   const std::map<std::string, std::string>& texts);

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

/// The reverse: throws usage for a value of the wrong type.
template <typename Options>
Options from_json(const Json& json) {
  Options options;
  try {
    visit_options(options, [&json](const char* name, auto& value, const char*) {
      value = value_or(json, name, "options", value);
    });
  } catch (const Error& error) {
    fail(ErrorKind::usage, "{}", error.what());
  }
  return options;
}

/// An options struct as a list, by its visit_options.
template <typename Options>
std::vector<MethodOption> list_options() {
  std::vector<MethodOption> list;
  const Options defaults{};
  visit_options(defaults,
                [&list](const char* name, const auto& value, const char* says) {
                  list.push_back({name, value, says});
                });
  return list;
}

/// What the list knows of a method.
struct Method {
  std::vector<MethodOption> (*options)();
  std::unique_ptr<Learner> (*make)(const Json& options, const RunFiles& files);
  MethodTraits traits = {};
};

/// The entry of a learner that is made from (Options, RunFiles).
template <typename Options, typename AnyLearner>
Method make_method(MethodTraits traits = {}) {
  return {list_options<Options>,
          [](const Json& options,
             const RunFiles& files) -> std::unique_ptr<Learner> {
            return std::make_unique<AnyLearner>(from_json<Options>(options),
                                                files);
          },
          traits};
}

#define LINEAS_METHOD(function, name) Method method_##function();
#include "lineas/learn/methods.def"
#undef LINEAS_METHOD

}  // namespace lineas
