#include "lineas/cli/habits.h"

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <string_view>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/names.h"
#include "lineas/base/numbers.h"
#include "lineas/engine/find_model.h"
#include "lineas/maps/map_set.h"

namespace lineas {
namespace {

using Words = std::vector<std::string>;

/// What other programs call an option of ours that means the same.
struct Alias {
  std::string_view name, option;
};
constexpr std::array kAliases = {
    Alias{"n-predict", "new-tokens"},
    Alias{"predict", "new-tokens"},
    Alias{"max-tokens", "new-tokens"},
    Alias{"max-new-tokens", "new-tokens"},
    Alias{"temperature", "temp"},
    Alias{"repetition-penalty", "repeat-penalty"},
    Alias{"n-threads", "threads"},
    Alias{"num-threads", "threads"},
    Alias{"num-return-sequences", "samples"},
};

/// Options of other programs that mean something else here: what to look at.
struct Hint {
  std::string_view name, option, remark;
};
constexpr std::string_view kOneDevice =
    " (the whole model is on one device, cpu or cuda)";
constexpr std::array kHints = {
    Hint{"src", "source", ""},
    Hint{"from", "source", ""},
    Hint{"dst", "target", ""},
    Hint{"dest", "target", ""},
    Hint{"destination", "target", ""},
    Hint{"to", "target", ""},
    Hint{"ngl", "device", kOneDevice},
    Hint{"n-gpu-layers", "device", kOneDevice},
    Hint{"gpu-layers", "device", kOneDevice},
    Hint{"map", "steer", ""},
    Hint{"b", "batch", ""},
    Hint{"batch-size", "batch", ""},
};

// Options that are rewritten rather than renamed.
constexpr std::array<std::string_view, 3> kHubOptions = {
    "hf", "hfr", "hf-repo"};
constexpr std::string_view kStrength = "strength";

bool is_hub_option(std::string_view name) {
  return std::find(kHubOptions.begin(), kHubOptions.end(), name) !=
         kHubOptions.end();
}

bool has_hint(std::string_view name) {
  return std::any_of(kHints.begin(), kHints.end(), [name](const Hint& hint) {
    return hint.name == name;
  });
}

bool is_number(std::string_view text) {
  return parse_number<double>(text).has_value();
}

std::string with_dashes(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string_view without_dashes(std::string_view option) {
  option.remove_prefix(std::min(option.find_first_not_of('-'), option.size()));
  return option;
}

const CLI::Option* find_option(const CLI::App& command,
                               const std::string& name) {
  return command.get_option_no_throw(name);
}

bool has_option(const CLI::App& command, std::string_view long_name) {
  return find_option(command, fmt::format("--{}", long_name)) != nullptr;
}

/// Our own long name for one without its dashes: itself, or what it is an alias
/// of, or a word that is rewritten; nothing for what is unknown.
std::optional<std::string> resolve(const CLI::App& command,
                                   const std::string& name) {
  for (const std::string& own : {name, with_dashes(name)}) {
    if (has_option(command, own)) return own;
    if (own == kStrength && has_option(command, "steer")) return own;
    if (is_hub_option(own) && has_option(command, "model")) return own;
    for (const Alias& alias : kAliases)
      if (own == alias.name && has_option(command, alias.option))
        return std::string(alias.option);
  }
  return std::nullopt;
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

/// Every letter of `part` in `whole`, in order, the first one first: how words
/// are shortened.
bool is_short_for(std::string_view part, std::string_view whole) {
  if (part.empty() || whole.empty() || part[0] != whole[0]) return false;
  for (const char c : whole)
    if (!part.empty() && c == part[0]) part.remove_prefix(1);
  return part.empty();
}

/// The long option nearest to a name, aliases seen through.
std::string nearest_option(const CLI::App& command, std::string_view name) {
  std::string nearest;
  std::pair<int, int> least{2, 0};
  const auto consider = [&](std::string_view candidate, std::string_view own) {
    const std::pair<int, int> distance{!is_short_for(name, candidate),
                                       edit_distance(name, candidate)};
    if (distance >= least) return;
    least = distance;
    nearest = own;
  };
  for (const CLI::Option* option : command.get_options())
    for (const std::string& own : option->get_lnames()) consider(own, own);
  for (const Alias& alias : kAliases)
    if (has_option(command, alias.option)) consider(alias.name, alias.option);
  return nearest;
}

/// Rewrites the arguments of one command.
class Adapter {
 public:
  explicit Adapter(const CLI::App& command) : command_(command) {}

  Words adapt(const Words& arguments, size_t first) {
    for (at_ = first; at_ < arguments.size(); ++at_) {
      const std::string& word = arguments[at_];
      if (word == "--") {
        out_.insert(out_.end(), arguments.begin() + at_, arguments.end());
        break;
      }
      next_ = at_ + 1 < arguments.size() ? &arguments[at_ + 1] : nullptr;
      if (word.size() < 2 || word[0] != '-' || is_number(word))
        take_word(word);
      else
        take_option(word);
    }
    apply_strength();
    return out_;
  }

 private:
  void take_word(const std::string& word) {
    const size_t count = out_.size();
    if (is_number(word) && count > 1 && out_[count - 2] == "--steer")
      fail(ErrorKind::usage,
           "{0}: unknown argument; a map's strength is written behind it: "
           "--steer {1}:{0}",
           word,
           out_[count - 1]);
    out_.push_back(word);
  }

  void take_option(const std::string& word) {
    const bool is_long = word[1] == '-';
    const size_t equals = word.find('=');
    const std::string whole = word.substr(0, equals);
    std::optional<std::string> value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    const std::string name(without_dashes(whole));
    // A short option alone, before the long ones of one dash.
    if (!is_long && whole.size() == 2 && find_option(command_, whole))
      return take(whole, value);
    const bool may_be_long = is_long || name.size() > 1;
    if (const auto own = may_be_long ? resolve(command_, name) : std::nullopt)
      return take_long(*own, value);
    if (!is_long && !has_hint(name) && take_short_with_value(word)) return;
    fail(ErrorKind::usage, "{}", describe_unknown_option(command_, whole));
  }

  /// -n64.
  bool take_short_with_value(const std::string& word) {
    const std::string option = word.substr(0, 2);
    const CLI::Option* found = find_option(command_, option);
    if (found == nullptr || !takes_value(*found)) return false;
    take(option, word.substr(2));
    return true;
  }

  void take_long(const std::string& name, std::optional<std::string> value) {
    if (is_hub_option(name))
      take("--model", find_hub_model(value_of("-" + name, value)));
    else if (name == kStrength && !has_option(command_, kStrength))
      strength_ = value_of("--strength", value);
    else
      take("--" + name, value);
  }

  std::string value_of(const std::string& option,
                       const std::optional<std::string>& given) {
    if (given) return *given;
    if (next_ == nullptr)
      fail(ErrorKind::usage, "{}: a value is wanted behind it", option);
    ++at_;
    return *next_;
  }

  /// An option of ours, with its value where it takes one.
  void take(const std::string& option, std::optional<std::string> value) {
    const CLI::Option& found = *find_option(command_, option);
    if (!takes_value(found)) {
      out_.push_back(value ? option + "=" + *value : option);
      return;
    }
    out_.push_back(option);
    if (!value && next_ == nullptr) return;  // the parser's own complaint
    std::string own = value_of(option, value);
    if (found.check_name("--seed") && own == "-1") own = draw_seed();
    out_.push_back(own);
  }

  static std::string draw_seed() {
    const std::string seed = std::to_string(std::random_device()());
    log_info("seed {0}, drawn; -s {0} gives the same again", seed);
    return seed;
  }

  void apply_strength() {
    if (!strength_) return;
    std::string* map = nullptr;
    for (size_t i = 1; i < out_.size(); ++i) {
      if (out_[i - 1] != "--steer") continue;
      const bool has_own = parse_map_spec(out_[i]).path != out_[i];
      if (map != nullptr || has_own)
        fail(ErrorKind::usage,
             "--strength {}: is for one map that has no strength yet; else say "
             "it behind each: --steer MAP:STRENGTH",
             *strength_);
      map = &out_[i];
    }
    if (map == nullptr)
      fail(
          ErrorKind::usage, "--strength {}: goes with --steer MAP", *strength_);
    *map += ":" + *strength_;
    if (!is_number(*strength_))
      fail(ErrorKind::usage, "--strength {}: is no number", *strength_);
  }

  const CLI::App& command_;
  Words out_;
  size_t at_ = 0;
  const std::string* next_ = nullptr;
  std::optional<std::string> strength_;
};

const CLI::App* find_command(const CLI::App& program, const std::string& name) {
  for (const CLI::App* command : program.get_subcommands({}))
    if (command->get_name() == name) return command;
  return nullptr;
}

}  // namespace

std::string describe_unknown_option(const CLI::App& command,
                                    const std::string& option) {
  const std::string name = with_dashes(std::string(without_dashes(option)));
  for (const Hint& hint : kHints)
    if (name == hint.name && has_option(command, hint.option))
      return fmt::format("{}: unknown option; nearest: --{}{}",
                         option,
                         hint.option,
                         hint.remark);
  return fmt::format("{}: unknown option; nearest: --{}",
                     option,
                     nearest_option(command, name));
}

std::vector<std::string> adapt_arguments(
    const CLI::App& program, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return arguments;
  if (arguments[0] == "help") {
    Words asked(arguments.begin() + 1, arguments.end());
    asked.push_back("--help");
    return asked;
  }
  const CLI::App* command = find_command(program, arguments[0]);
  if (command == nullptr) {
    const std::string& first = arguments[0];
    if (first.starts_with('-') && program.get_option_no_throw(first) == nullptr)
      fail(ErrorKind::usage,
           "{}: unknown option; a command comes first, its options behind it",
           first);
    return arguments;
  }
  Words adapted = Adapter(*command).adapt(arguments, 1);
  adapted.insert(adapted.begin(), arguments[0]);
  return adapted;
}

}  // namespace lineas
