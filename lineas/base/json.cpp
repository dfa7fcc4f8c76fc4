#include "lineas/base/json.h"

#include <set>

#include "lineas/base/error.h"
#include "lineas/base/file.h"

namespace lineas {
namespace {

constexpr int kDeepest = 64;

/// Refuses deep nesting before the parser meets it, and bytes of value zero,
/// which the parser would take for the end of the text.
void check_outside_in(std::string_view text, std::string_view where) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\0') {
      fail(ErrorKind::format,
           "{}: is not JSON: a zero byte at position {}",
           where,
           i);
    }
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) {
        fail(ErrorKind::format,
             "{}: JSON nests deeper than {} levels at byte {}",
             where,
             kDeepest,
             i);
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

/// What the parser says, without its "[json.exception....] " tag.
std::string message_of(const Json::exception& error) {
  const std::string text = error.what();
  const size_t tag = text.find("] ");
  return tag == std::string::npos ? text : text.substr(tag + 2);
}

Json parse_checked(std::string_view text,
                   std::string_view where,
                   const Json::parser_callback_t& callback) {
  check_outside_in(text, where);
  try {
    return Json::parse(text.begin(), text.end(), callback);
  } catch (const Json::exception& error) {
    fail(ErrorKind::format, "{}: is not JSON: {}", where, message_of(error));
  }
}

}  // namespace

Json parse_json(std::string_view text, std::string_view where) {
  return parse_checked(text, where, nullptr);
}

Json parse_json_unique(std::string_view text, std::string_view where) {
  std::vector<std::set<std::string>> keys_by_depth(kDeepest + 2);
  return parse_checked(
      text, where, [&](int depth, Json::parse_event_t event, Json& parsed) {
        const auto level = static_cast<size_t>(depth);
        if (event == Json::parse_event_t::object_start) {
          keys_by_depth[level + 1].clear();
        } else if (event == Json::parse_event_t::key &&
                   !keys_by_depth[level].insert(parsed).second) {
          fail(ErrorKind::format,
               "{}: the key \"{}\" appears twice",
               where,
               parsed.get_ref<const std::string&>());
        }
        return true;
      });
}

Json read_json(const std::string& path) {
  return parse_json(read_file(path), path);
}

namespace json_detail {

const Json* find(const Json& object,
                 std::string_view key,
                 std::string_view where) {
  if (!object.is_object()) {
    fail(ErrorKind::format,
         "{}: is a JSON {}, an object with \"{}\" is needed",
         where,
         object.type_name(),
         key);
  }
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

void fail_type(const Json& value,
               std::string_view key,
               std::string_view where,
               std::string_view wanted) {
  std::string shown =
      value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (shown.size() > 40) shown = fmt::format("a JSON {}", value.type_name());
  fail(ErrorKind::format,
       "{}: \"{}\" is {}, {} is needed",
       where,
       key,
       shown,
       wanted);
}

void fail_missing(std::string_view key, std::string_view where) {
  fail(ErrorKind::format, "{}: has no \"{}\"", where, key);
}

}  // namespace json_detail
std::string text_or_none(const Json& object, std::string_view key) {
  const bool has_text =
      object.is_object() && object.contains(key) && object[key].is_string();
  return has_text ? object[key].get<std::string>() : "";
}

}  // namespace lineas
