// The options of all learning methods as one list of flags: what a person
// states is kept as text until the method is known. Knows the list of methods,
// none of them by name.
#pragma once

#include <CLI/App.hpp>
#include <map>
#include <string>

namespace lineas {

/// Option name -> what was stated for it.
using OptionTexts = std::map<std::string, std::string>;

/// One flag for every option that some method has (`-s` too for the seed;
/// `--no-NAME` too for one that is on or off). Its help says the defaults and
/// who takes it. parse_options (learn/methods.h) makes values of the texts.
void add_method_options(CLI::App& command, OptionTexts& texts);

}  // namespace lineas
