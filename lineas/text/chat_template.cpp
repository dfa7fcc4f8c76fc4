#include "lineas/text/chat_template.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/gguf.h"
#include "lineas/base/json.h"
#include "lineas/base/printable.h"
#include "lineas/jinja/from_json.h"
#include "lineas/jinja/template.h"
#include "lineas/text/gguf_tokenizer.h"
#include "lineas/text/special_tokens.h"

namespace lineas {
namespace {

using Sources = std::map<std::string, ChatTemplate::Source>;

/// Templates in files of their own; they replace those of the configuration.
Sources read_files(const std::string& folder) {
  Sources sources;
  const std::string main = folder + "/chat_template.jinja";
  if (file_exists(main)) sources["default"] = {read_file(main), main};
  const std::string more = folder + "/additional_chat_templates";
  if (!is_directory(more)) return sources;
  for (const auto& entry : std::filesystem::directory_iterator(more)) {
    if (entry.path().extension() != ".jinja") continue;
    const std::string file = entry.path().string();
    sources[entry.path().stem().string()] = {read_file(file), file};
  }
  return sources;
}

/// chat_template of tokenizer_config.json: a text (with the name ""), a list
/// of {"name", "template"}, or an object.
Sources read_config(const std::string& path) {
  const Json json = read_json(path);
  const Json value = value_or<Json>(json, "chat_template", path, Json());
  Sources sources;
  if (value.is_null()) return sources;
  const auto where = [&](const std::string& name) {
    return fmt::format("{}: chat_template \"{}\"", path, printable(name, 40));
  };
  if (value.is_array()) {
    for (const Json& item : value) {
      const auto name = require<std::string>(item, "name", path);
      sources[name] = {require<std::string>(item, "template", path),
                       where(name)};
    }
  } else if (value.is_object()) {
    for (const auto& item : value.items())
      sources[item.key()] = {require<std::string>(value, item.key(), path),
                             where(item.key())};
  } else {
    sources[""] = {
        json_detail::convert<std::string>(value, "chat_template", path),
        path + ": chat_template"};
  }
  return sources;
}

std::string names_of(const Sources& sources) {
  std::vector<std::string> names;
  for (const auto& entry : sources) names.push_back(printable(entry.first, 40));
  return fmt::format("{}", fmt::join(names, ", "));
}

void add_variables(const OrderedJson& from,
                   std::unordered_map<std::string, jinja::Value>& to) {
  if (from.is_null()) return;
  if (!from.is_object())
    fail(ErrorKind::usage, "the variables of a chat template are an object");
  for (const auto& item : from.items())
    to.insert_or_assign(item.key(), jinja::from_json(item.value()));
}

}  // namespace

ChatTemplate::ChatTemplate(Source source, OrderedJson special_tokens)
    : where_(source.where), special_tokens_(std::move(special_tokens)) {
  by_name_[""] = std::move(source);
}

ChatTemplate ChatTemplate::load(const std::string& folder) {
  if (is_gguf_file(folder)) return load_from_gguf(folder);
  ChatTemplate chat;
  chat.where_ = folder;
  chat.by_name_ = read_files(folder);
  const std::string config = folder + "/tokenizer_config.json";
  if (chat.by_name_.size() == 1 && chat.by_name_.contains("default")) {
    auto alone = chat.by_name_.extract("default");
    alone.key() = "";
    chat.by_name_.insert(std::move(alone));
  } else if (chat.by_name_.empty() && file_exists(config)) {
    chat.by_name_ = read_config(config);
  }
  if (chat.by_name_.empty())
    fail(ErrorKind::unsupported,
         "{}: has no chat template (looked for chat_template.jinja, "
         "additional_chat_templates/*.jinja and chat_template in "
         "tokenizer_config.json). Leave --chat out, or give a template with "
         "--chat-template FILE",
         folder);
  chat.special_tokens_ = read_special_tokens(folder);
  return chat;
}

ChatTemplate ChatTemplate::load_from_gguf(const std::string& path) {
  const std::string jinja = gguf_chat_template(path);
  if (jinja.empty())
    fail(ErrorKind::unsupported,
         "{}: has no chat template (key \"tokenizer.chat_template\"). Leave "
         "--chat out, or give a template with --chat-template FILE",
         path);
  return {{jinja, path + ": chat template"}, read_special_tokens(path)};
}

ChatTemplate ChatTemplate::load(const std::string& folder,
                                const std::string& file) {
  return {{read_file(file), file}, read_special_tokens(folder)};
}

const ChatTemplate::Source& ChatTemplate::choose(bool has_tools) const {
  auto found = by_name_.find("");
  if (found == by_name_.end() && has_tools) found = by_name_.find("tool_use");
  if (found == by_name_.end()) found = by_name_.find("default");
  if (found == by_name_.end())
    fail(ErrorKind::unsupported,
         "{}: has chat templates by the names {}, none by the name default. "
         "Give one of them with --chat-template FILE",
         where_,
         names_of(by_name_));
  return found->second;
}

std::string ChatTemplate::render(const OrderedJson& messages,
                                 const ChatOptions& options) const {
  if (!messages.is_array() || messages.empty())
    fail(ErrorKind::usage, "a conversation needs at least one message");
  const Source& source = choose(!options.tools.is_null());
  std::unordered_map<std::string, jinja::Value> variables;
  add_variables(special_tokens_, variables);
  add_variables(options.variables, variables);
  const auto set = [&](const char* name, jinja::Value value) {
    variables.insert_or_assign(name, std::move(value));
  };
  set("messages", jinja::from_json(messages));
  set("tools", jinja::from_json(options.tools));
  set("documents", jinja::from_json(options.documents));
  set("add_generation_prompt", jinja::Value(options.add_generation_prompt));
  return jinja::Template(source.jinja, source.where)
      .render(std::move(variables),
              {.limits = {},
               .now = options.now ? *options.now : jinja::local_now()});
}

}  // namespace lineas
