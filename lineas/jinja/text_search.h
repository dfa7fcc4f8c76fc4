// Finding, splitting, replacing and padding in text, as the methods of
// Python's str do it; filters use them too.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineas/jinja/machine.h"

namespace lineas::jinja {

struct Ends {
  bool front = true, back = true;
};
/// Without the characters of `chars` (none: white space) at the ends.
std::string strip_text(const std::string& text,
                       const Value& chars,
                       const Ends& ends = {});

/// How often `part` is in it, not overlapping.
int64_t count_text(const std::string& text, const std::string& part);

/// The first `count` (below 0: all) occurrences of `change.first` by
/// `change.second`.
std::string replace_text(
    Machine& machine,
    const std::string& text,
    const std::pair<const std::string&, const std::string&>& change,
    int64_t count);

struct SplitRule {
  int64_t most = -1;  // cuts; below 0: any number
  bool from_back = false;
};
/// By a separator, or (none) by runs of white space.
std::vector<std::string> split_text(const std::string& text,
                                    const Value& separator,
                                    const SplitRule& rule);

struct Padding {
  int64_t width = 0;  // in characters
  std::string fill = " ";
  bool front = false, back = false;
};
std::string pad_text(Machine& machine,
                     const std::string& text,
                     const Padding& padding);

/// The texts as a list.
Value text_list(Machine& machine, const std::vector<std::string>& texts);

/// str.format with plain fields: {}, {0}, {name}, {0.key}, {name[0]}.
Value format_text(Machine& machine,
                  const std::string& format,
                  const Arguments& arguments);

}  // namespace lineas::jinja
