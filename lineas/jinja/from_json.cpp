#include "lineas/jinja/from_json.h"

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/jinja/limits.h"

namespace lineas::jinja {
namespace {

using Json = nlohmann::ordered_json;

Value checked_text(const std::string& text) {
  if (const auto bad = find_invalid_utf8(text))
    fail(ErrorKind::format,
         "byte {} of a text for the chat template is not UTF-8",
         *bad);
  return Value::of(text);
}

Value convert(const Json& json, int depth) {
  if (depth > kDeepestValue)
    fail(ErrorKind::resource,
         "JSON for the chat template nests more than {} deep",
         kDeepestValue);
  if (json.is_boolean()) return {json.get<bool>()};
  if (json.is_number_unsigned() &&
      json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
    fail(ErrorKind::unsupported,
         "the chat template is given an integer of more than 64 bits");
  if (json.is_number_integer()) return Value::of(json.get<int64_t>());
  if (json.is_number_float()) return Value::of(json.get<double>());
  if (json.is_string()) return checked_text(json.get_ref<const std::string&>());
  if (json.is_array()) {
    Values items;
    for (const Json& item : json) items.push_back(convert(item, depth + 1));
    return Value::list(std::move(items));
  }
  if (!json.is_object()) return {};
  auto dict = std::make_shared<Dict>();
  for (const auto& item : json.items())
    dict->set(checked_text(item.key()), convert(item.value(), depth + 1));
  return Value::of(std::shared_ptr<const Dict>(std::move(dict)));
}

}  // namespace

Value from_json(const Json& json) {
  return convert(json, 0);
}

}  // namespace lineas::jinja
