// Reads world.json and checks it. The facts become one more rule, "fact",
// whose alternatives are all statements, each labelled true or false.
#include "lineas/eval/world.h"

#include <algorithm>
#include <map>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/json.h"

namespace lineas {
namespace {

int find_index(const std::vector<std::string>& list, std::string_view item) {
  const auto at = std::find(list.begin(), list.end(), item);
  return at == list.end() ? -1 : static_cast<int>(at - list.begin());
}

std::string replace_slot(std::string text,
                         std::string_view slot,
                         std::string_view by) {
  const size_t at = text.find(slot);
  return at == std::string::npos ? text : text.replace(at, slot.size(), by);
}

/// The state of reading one file.
class WorldReader {
 public:
  WorldReader(const Json& json, std::string_view where)
      : json_(json), where_(where) {}

  World read() {
    check_format();
    read_labels();
    world_.names = require<std::vector<std::string>>(json_, "names", where_);
    if (world_.names.size() < 2) {
      fail(ErrorKind::format, "{}: \"names\" needs two names at least", where_);
    }
    read_rules();
    read_facts();
    read_units();
    for (size_t rule = 0; rule < world_.rules.size(); ++rule) {
      std::vector<int> path;
      refuse_recursion(static_cast<int>(rule), path);
    }
    return std::move(world_);
  }

 private:
  void check_format() const {
    const auto format = require<std::string>(json_, "format", where_);
    const auto version = require<int>(json_, "version", where_);
    if (format != "lineas.world" || version != 1) {
      fail(ErrorKind::format,
           "{}: is \"{}\" version {}, this reader knows \"lineas.world\" "
           "version 1",
           where_,
           format,
           version);
    }
  }

  void read_labels() {
    const Json labels = require<Json>(json_, "labels", where_);
    for (const auto& [name, values] : labels.items()) {
      WorldLabel label{name, {}};
      for (const auto& [value, weight] : values.items()) {
        label.values.push_back(value);
      }
      if (label.values.empty()) {
        fail(ErrorKind::format, "{}: label \"{}\" has no values", where_, name);
      }
      world_.labels.push_back(std::move(label));
    }
    for (const char* needed : {"tone", "topic", "mood", "truth"}) {
      label_index(needed, std::string(where_));
    }
  }

  int label_index(const std::string& name, const std::string& place) const {
    for (size_t i = 0; i < world_.labels.size(); ++i) {
      if (world_.labels[i].name == name) return static_cast<int>(i);
    }
    fail(ErrorKind::format, "{}: there is no label \"{}\"", place, name);
  }

  // Names first: a rule may use one that comes later in the file.
  void read_rules() {
    const Json rules = require<Json>(json_, "rules", where_);
    for (const auto& [name, rule] : rules.items()) {
      index_[name] = static_cast<int>(world_.rules.size());
      world_.rules.push_back({name, {}});
    }
    index_["fact"] = static_cast<int>(world_.rules.size());
    world_.rules.push_back({"fact", {}});
    for (const auto& [name, rule] : rules.items()) {
      read_rule(name, rule);
    }
  }

  void read_rule(const std::string& name, const Json& rule) {
    const std::string place = fmt::format("{}: rule \"{}\"", where_, name);
    if (rule.is_array()) {
      for (const Json& item : rule) {
        add(name, item.is_array() && !item.empty() ? item[0] : item, -1, -1);
      }
    } else {
      read_labelled(name, rule, place);
    }
    if (world_.rules[index_[name]].alternatives.empty()) {
      fail(ErrorKind::format, "{} has no alternatives", place);
    }
  }

  void read_labelled(const std::string& name,
                     const Json& rule,
                     const std::string& place) {
    const auto by = require<std::string>(rule, "by", place);
    const int label = label_index(by, place);
    for (const auto& [key, list] : rule.items()) {
      if (key == "by") continue;
      const int value = find_index(world_.labels[label].values, key);
      if (value < 0 && key != "any") {
        fail(ErrorKind::format,
             "{} has alternatives for \"{}\", which is no {}",
             place,
             key,
             by);
      }
      for (const Json& item : list) {
        add(name, item, value < 0 ? -1 : label, value);
      }
    }
  }

  void add(const std::string& rule, const Json& text, int label, int value) {
    if (!text.is_string()) {
      fail(ErrorKind::format,
           "{}: rule \"{}\" has an alternative that is no text: {}",
           where_,
           rule,
           text.dump());
    }
    world_.rules[index_[rule]].alternatives.push_back(
        {parts_of(text.get<std::string>(), rule), label, value});
  }

  std::vector<WorldPart> parts_of(const std::string& text,
                                  const std::string& rule) {
    std::vector<WorldPart> parts;
    size_t at = 0;
    while (at < text.size()) {
      const size_t open = std::min(text.find('{', at), text.size());
      if (open > at) {
        parts.push_back(
            {WorldPart::Kind::text, text.substr(at, open - at), -1});
      }
      if (open == text.size()) break;
      const size_t close = text.find('}', open);
      if (close == std::string::npos) {
        fail(ErrorKind::format,
             "{}: rule \"{}\": a brace is open in \"{}\"",
             where_,
             rule,
             text);
      }
      parts.push_back(slot(text.substr(open + 1, close - open - 1), rule));
      at = close + 1;
    }
    return parts;
  }

  WorldPart slot(const std::string& name, const std::string& rule) {
    if (name == "X") return {WorldPart::Kind::name_x, name, -1};
    if (name == "Y") return {WorldPart::Kind::name_y, name, -1};
    const auto found = index_.find(name);
    if (found == index_.end()) {
      fail(ErrorKind::format,
           "{}: rule \"{}\" uses {{{}}}, and there is no such rule",
           where_,
           rule,
           name);
    }
    return {WorldPart::Kind::rule, name, found->second};
  }

  void read_facts() {
    const Json quiz = require<Json>(json_, "quiz", where_);
    world_.letters = require<std::vector<std::string>>(quiz, "letters", where_);
    const Json kinds = require<Json>(json_, "fact_kinds", where_);
    for (const auto& [name, kind] : kinds.items()) {
      read_fact_kind(fmt::format("{}: fact kind \"{}\"", where_, name), kind);
    }
  }

  void read_fact_kind(const std::string& place, const Json& kind) {
    const auto state = require<std::string>(kind, "state", place);
    const auto ask = require<std::string>(kind, "ask", place);
    const auto values =
        require<std::vector<std::string>>(kind, "values", place);
    if (values.size() < world_.letters.size()) {
      fail(ErrorKind::format,
           "{} has {} values, a question needs {}",
           place,
           values.size(),
           world_.letters.size());
    }
    const Json facts = require<Json>(kind, "facts", place);
    for (const auto& [subject, unused] : facts.items()) {
      const auto answer = require<std::string>(facts, subject, place);
      if (find_index(values, answer) < 0) {
        fail(ErrorKind::format,
             "{}: \"{}\" of \"{}\" is not among its values",
             place,
             answer,
             subject);
      }
      world_.questions.push_back(
          {replace_slot(ask, "{subject}", subject), answer, values});
      add_statements(replace_slot(state, "{subject}", subject),
                     world_.questions.back());
    }
  }

  void add_statements(const std::string& state, const WorldQuestion& fact) {
    const int truth = world_.label("truth");
    const auto& sides = world_.labels[truth].values;
    for (const std::string& value : fact.values) {
      const int side =
          find_index(sides, value == fact.answer ? "true" : "false");
      world_.rules[index_["fact"]].alternatives.push_back(
          {{{WorldPart::Kind::text, replace_slot(state, "{value}", value), -1}},
           truth,
           side});
    }
  }

  void read_units() {
    for (const auto& name :
         require<std::vector<std::string>>(json_, "units", where_)) {
      if (!index_.contains(name)) {
        fail(ErrorKind::format,
             "{}: unit \"{}\" is not among the rules",
             where_,
             name);
      }
      world_.units.push_back(index_[name]);
    }
  }

  void refuse_recursion(int rule, std::vector<int>& path) const {
    if (std::find(path.begin(), path.end(), rule) != path.end()) {
      fail(ErrorKind::format,
           "{}: rule \"{}\" contains itself",
           where_,
           world_.rules[rule].name);
    }
    path.push_back(rule);
    for (const auto& alternative : world_.rules[rule].alternatives) {
      for (const auto& part : alternative.parts) {
        if (part.rule >= 0) refuse_recursion(part.rule, path);
      }
    }
    path.pop_back();
  }

  const Json& json_;
  std::string_view where_;
  World world_;
  std::map<std::string, int> index_;
};

}  // namespace

int World::label(std::string_view name) const {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].name == name) return static_cast<int>(i);
  }
  fail(ErrorKind::not_found, "the world has no label \"{}\"", name);
}

World parse_world(std::string_view json, std::string_view where) {
  const Json parsed = parse_json_unique(json, where);
  return WorldReader(parsed, where).read();
}

World load_world(const std::string& path) {
  return parse_world(read_file(path), path);
}

}  // namespace lineas
