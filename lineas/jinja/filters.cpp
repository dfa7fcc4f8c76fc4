#include "lineas/jinja/filters.h"

#include <algorithm>
#include <array>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"

namespace lineas::jinja {
namespace {

/// What Jinja has beside: HTML, randomness, layout for people.
constexpr std::array<std::string_view, 12> kNotRun = {"filesizeformat",
                                                      "forceescape",
                                                      "groupby",
                                                      "pprint",
                                                      "random",
                                                      "striptags",
                                                      "truncate",
                                                      "urlencode",
                                                      "urlize",
                                                      "wordwrap",
                                                      "xmlattr",
                                                      "attr"};

/// Filters that leave a string marked as safe what it is.
constexpr std::array<std::string_view, 14> kTakeMarkup = {"safe",
                                                          "e",
                                                          "escape",
                                                          "string",
                                                          "length",
                                                          "count",
                                                          "default",
                                                          "d",
                                                          "tojson",
                                                          "trim",
                                                          "list",
                                                          "first",
                                                          "last",
                                                          "int"};

const FilterTable& filters() {
  static const FilterTable table = [] {
    FilterTable all;
    add_text_filters(all);
    add_number_filters(all);
    add_sequence_filters(all);
    add_choosing_filters(all);
    return all;
  }();
  return table;
}

template <size_t kCount>
bool is_among(const std::array<std::string_view, kCount>& names,
              std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool has_filter(const std::string& name) {
  return filters().contains(name) || is_among(kNotRun, name);
}

Value call_filter(Machine& machine,
                  const std::string& name,
                  const Value& value,
                  const Arguments& arguments) {
  machine.meter.step();
  const auto found = filters().find(name);
  if (found == filters().end()) {
    if (is_among(kNotRun, name))
      fail(ErrorKind::unsupported,
           "the filter \"{}\" is not run by this program. Give a template "
           "without it (--chat-template)",
           name);
    fail(ErrorKind::format, "there is no filter \"{}\"", printable(name, 40));
  }
  if (value.is_markup() && !is_among(kTakeMarkup, name))
    fail(ErrorKind::unsupported,
         "the filter \"{}\" of a string marked as safe",
         name);
  return found->second(machine, value, arguments);
}

}  // namespace lineas::jinja
