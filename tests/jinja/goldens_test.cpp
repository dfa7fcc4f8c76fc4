// Every template of tests/jinja/data/goldens.json against what Jinja made of
// it (tools/goldens/make_jinja.py). The groups there hold the interpreter:
//   white space, literals  lineas/jinja/lexer.cpp, lineas/jinja/literals.cpp,
//     lineas/jinja/expression_parser.cpp, lineas/jinja/primary_parser.cpp
//   operators   lineas/jinja/operators.cpp, lineas/jinja/compare.cpp,
//     lineas/jinja/percent_format.cpp, lineas/jinja/evaluate.cpp
//   look-ups    lineas/jinja/attributes.cpp, lineas/jinja/objects.cpp
//   methods     lineas/jinja/text_methods.cpp, lineas/jinja/text_search.cpp,
//     lineas/jinja/characters.cpp
//   filters     lineas/jinja/filters.cpp, lineas/jinja/text_filters.cpp,
//     lineas/jinja/number_filters.cpp, lineas/jinja/sequence_filters.cpp,
//     lineas/jinja/choosing_filters.cpp, lineas/jinja/arguments.cpp,
//     lineas/jinja/printing.cpp
//   tests       lineas/jinja/tests.cpp, lineas/jinja/value.cpp
//   statements  lineas/jinja/statement_parser.cpp, lineas/jinja/run.cpp,
//     lineas/jinja/loop.cpp, lineas/jinja/globals.cpp
#include <gtest/gtest.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/jinja/from_json.h"
#include "lineas/jinja/template.h"

namespace lineas::jinja {
namespace {

using Json = nlohmann::ordered_json;

Template::Settings settings_at(int year, int month, int day) {
  Template::Settings settings;
  settings.now.time.tm_year = year - 1900;
  settings.now.time.tm_mon = month - 1;
  settings.now.time.tm_mday = day;
  settings.now.time.tm_hour = 4;
  settings.now.time.tm_min = 5;
  settings.now.time.tm_sec = 9;
  settings.now.microsecond = 120;
  timegm(&settings.now.time);  // fills in the day of the week
  return settings;
}

TEST(JinjaGoldens, RenderAsJinjaDoes) {
  const Json golden = Json::parse(read_file(std::string(LINEAS_SOURCE_DIR) +
                                            "/tests/jinja/data/goldens.json"));
  ASSERT_GT(golden["cases"].size(), 300u);
  std::unordered_map<std::string, Value> variables;
  for (const auto& item : golden["variables"].items())
    variables.emplace(item.key(), from_json(item.value()));
  for (const Json& item : golden["cases"]) {
    const auto source = item["template"].get<std::string>();
    SCOPED_TRACE(source);
    const auto render = [&] {
      return Template(source, "test")
          .render(variables, settings_at(2024, 7, 6));
    };
    if (item["text"].is_null()) {
      EXPECT_THROW(render(), Error);
      continue;
    }
    try {
      EXPECT_EQ(render(), item["text"].get<std::string>());
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

}  // namespace
}  // namespace lineas::jinja
