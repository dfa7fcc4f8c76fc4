// Any bytes as a chat template, rendered for a conversation with everything in
// it. Whatever a template does, it ends, within its limits, with text that is
// UTF-8 or with an Error; and a second rendering gives the same.
#include <cstdlib>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/jinja/from_json.h"
#include "lineas/jinja/template.h"

namespace {

using namespace lineas;
using Json = nlohmann::ordered_json;

const Json& conversation() {
  static const Json json = Json::parse(R"json({
    "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true,
    "documents": null, "number": -3, "real": 2.5, "word": "a \u00e9\n<think>x",
    "tools": [{"type": "function", "function": {"name": "f", "description": "d",
      "parameters": {"type": "object", "required": ["a"], "properties": {
        "a": {"type": "string", "enum": ["x", "y"]},
        "b": {"type": "array", "items": {"type": "integer"}}}}}}],
    "messages": [{"role": "system", "content": " Be kind.\n"},
      {"role": "user", "content": "Hi </think> there"},
      {"role": "assistant", "content": null, "tool_calls": [
        {"id": "abcdefghi", "function": {"name": "f",
         "arguments": {"a": "x", "b": [1, 2]}}}]},
      {"role": "tool", "content": "42", "tool_call_id": "abcdefghi"},
      {"role": "user", "content": [{"type": "text", "text": "T"}]}]
  })json");
  return json;
}

std::string render(const jinja::Template& parsed) {
  std::unordered_map<std::string, jinja::Value> variables;
  for (const auto& item : conversation().items())
    variables.emplace(item.key(), jinja::from_json(item.value()));
  jinja::Template::Settings settings;
  settings.limits = {.steps = 200'000, .bytes = size_t{16} << 20};
  return parsed.render(std::move(variables), settings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const jinja::Template parsed({reinterpret_cast<const char*>(data), size},
                                 "fuzz");
    const std::string text = render(parsed);
    if (find_invalid_utf8(text) || render(parsed) != text) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
