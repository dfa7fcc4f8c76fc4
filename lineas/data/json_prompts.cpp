#include "lineas/data/json_prompts.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/data/blank.h"
#include "lineas/data/prompt_lines.h"

namespace lineas {
namespace {

/// Prompts of objects with "text", "prompt" or "ids".
class ObjectReader {
 public:
  explicit ObjectReader(const std::string& where) : prompts_(where) {}

  void add(const Json& item, const std::string& where, size_t line) {
    const bool has_ids = item.is_object() && item.contains("ids");
    if (any_ && has_ids != has_ids_)
      fail(ErrorKind::format,
           "{}: some lines have \"ids\" and others text; use one of them",
           where);
    any_ = true;
    has_ids_ = has_ids;
    if (has_ids)
      add_ids(item, where, line);
    else
      prompts_.add(text_of(item, where), line);
  }

  PromptSet take() { return prompts_.take(); }

 private:
  void add_ids(const Json& item, const std::string& where, size_t line) {
    auto ids = require<std::vector<int64_t>>(item, "ids", where);
    for (const int64_t id : ids)
      if (id < 0) fail(ErrorKind::format, "{}: id {} is negative", where, id);
    if (ids.empty()) fail(ErrorKind::format, "{}: \"ids\" is empty", where);
    prompts_.add_ids(std::move(ids), line);
  }

  static std::string text_of(const Json& item, const std::string& where) {
    for (const char* key : {"text", "prompt"})
      if (item.is_object() && item.contains(key))
        return require<std::string>(item, key, where);
    fail(ErrorKind::format,
         "{}: is not an object with \"text\", \"prompt\" or \"ids\"",
         where);
  }

  PromptLines prompts_;
  bool any_ = false;
  bool has_ids_ = false;
};

/// A list whose entries could all be prompts.
bool is_prompt_list(const Json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const Json& entry) {
           return entry.is_string() ||
                  (entry.is_object() &&
                   (entry.contains("text") || entry.contains("prompt") ||
                    entry.contains("ids")));
         });
}

std::vector<std::string> subsets_of(const Json& json) {
  std::vector<std::string> names;
  if (json.is_object())
    for (const auto& item : json.items())
      if (is_prompt_list(item.value())) names.push_back(item.key());
  return names;
}

[[noreturn]] void fail_to_choose(const PromptSpec& spec,
                                 const std::vector<std::string>& names) {
  if (names.empty())
    fail(ErrorKind::format,
         "{}: is neither a list of prompts nor an object {{\"subset\": "
         "[\"prompt\", ...]}}",
         spec.path);
  fail(ErrorKind::usage,
       "{}: {}; name one of its subsets as \"{}#SUBSET\": {}",
       spec.path,
       spec.subset.empty() ? "has several subsets"
                           : fmt::format("has no subset \"{}\"", spec.subset),
       spec.path,
       fmt::join(names, ", "));
}

const Json& choose_list(const Json& json, const PromptSpec& spec) {
  const std::vector<std::string> names = subsets_of(json);
  if (!spec.subset.empty()) {
    if (json.is_object() && json.contains(spec.subset))
      return json[spec.subset];
    fail_to_choose(spec, names);
  }
  if (is_prompt_list(json)) return json;
  if (names.size() != 1) fail_to_choose(spec, names);
  return json[names[0]];
}

PromptSet read_list(const Json& list, const PromptSpec& spec) {
  if (!list.is_array())
    fail(ErrorKind::format, "{}: is not a list of prompts", spec.text());
  if (list.empty() || list[0].is_object()) {
    ObjectReader prompts(spec.text());
    for (size_t i = 0; i < list.size(); ++i)
      prompts.add(
          list[i], fmt::format("{}: entry {}", spec.text(), i + 1), i + 1);
    return prompts.take();
  }
  PromptLines prompts(spec.text());
  for (size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_string())
      fail(ErrorKind::format,
           "{}: entry {} is {}, a text is needed",
           spec.text(),
           i + 1,
           list[i].dump().substr(0, 40));
    prompts.add(list[i], i + 1);
  }
  return prompts.take();
}

}  // namespace

PromptSet read_jsonl_prompts(const TextFile& file, const PromptSpec& spec) {
  ObjectReader prompts(spec.text());
  for (const Line& line : file.lines()) {
    if (is_blank(line.text)) continue;
    const std::string where = file.at(line.number);
    prompts.add(parse_json(line.text, where), where, line.number);
  }
  return prompts.take();
}

PromptSet read_json_prompts(const TextFile& file, const PromptSpec& spec) {
  const Json json = parse_json_unique(file.text(), spec.path);
  PromptSet prompts = read_list(choose_list(json, spec), spec);
  prompts.counts_entries = true;
  return prompts;
}

}  // namespace lineas
