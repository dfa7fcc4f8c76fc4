// The chat template of a model: a Jinja template that writes conversations as
// the model was trained to read them, run as transformers' apply_chat_template
// runs it. Produces text; encode it with add_special = false, the template
// writes BOS itself where the model has one.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "lineas/jinja/machine.h"

namespace lineas {

/// JSON whose objects keep their order: templates print what they are given.
using OrderedJson = nlohmann::ordered_json;

struct ChatOptions {
  bool add_generation_prompt = true;  // end with the answer's opening
  OrderedJson tools;                  // a list of JSON schemas, or null
  OrderedJson documents;              // a list of objects, or null
  OrderedJson variables;              // an object of further ones, or null
  std::optional<jinja::Moment> now;   // for strftime_now; absent: this moment
};

class ChatTemplate {
 public:
  struct Source {
    std::string jinja;
    std::string where;  // begins messages about it
  };

  /// One template, and the special tokens by their names ("bos_token": "<s>",
  /// "additional_special_tokens": [...]).
  ChatTemplate(Source source, OrderedJson special_tokens);
  /// The templates of a Hugging Face folder, by transformers' rules:
  /// chat_template.jinja and additional_chat_templates/*.jinja, else
  /// chat_template of tokenizer_config.json (a text, or a list by name).
  /// Of a GGUF file its metadata. Throws unsupported where there is none.
  static ChatTemplate load(const std::string& folder);
  /// The template of a file with the special tokens of a folder.
  static ChatTemplate load(const std::string& folder, const std::string& file);

  /// The text of a conversation, `messages` being a list of objects with
  /// "role", "content" and what else the template reads. With tools, a
  /// template named "tool_use" is taken where there is one. Throws usage for
  /// what the template refuses, format or unsupported with file and line for
  /// what it does wrong or this program does not run, resource beyond limits.
  std::string render(const OrderedJson& messages,
                     const ChatOptions& options = {}) const;

 private:
  ChatTemplate() = default;
  static ChatTemplate load_from_gguf(const std::string& path);
  const Source& choose(bool has_tools) const;

  std::string where_;                      // of all of them
  std::map<std::string, Source> by_name_;  // one alone has the name ""
  OrderedJson special_tokens_;
};

}  // namespace lineas
