#include "lineas/base/json.h"

#include <optional>
#include <unordered_set>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/printable.h"

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
  return printable(tag == std::string::npos ? text : text.substr(tag + 2));
}

/// Stops at a key that its object has already. (The parser's own callback goes
/// through a whole object again whenever one inside it ends.)
class TwiceFinder : public nlohmann::json_sax<Json> {
 public:
  const std::optional<std::string>& found() const { return found_; }

  bool start_object(std::size_t) override {
    keys_.emplace_back();
    return true;
  }
  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    found_ = name;
    return false;
  }
  bool end_object() override {
    keys_.pop_back();
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t,
                   const std::string&,
                   const Json::exception&) override {
    return false;
  }

 private:
  std::vector<std::unordered_set<std::string>> keys_;  // of the open objects
  std::optional<std::string> found_;
};

}  // namespace

Json parse_json(std::string_view text, std::string_view where) {
  check_outside_in(text, where);
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::exception& error) {
    fail(ErrorKind::format, "{}: is not JSON: {}", where, message_of(error));
  }
}

Json parse_json_unique(std::string_view text, std::string_view where) {
  Json parsed = parse_json(text, where);
  TwiceFinder finder;
  Json::sax_parse(text.begin(), text.end(), &finder);
  if (finder.found())
    fail(ErrorKind::format,
         "{}: the key \"{}\" appears twice",
         where,
         printable(*finder.found()));
  return parsed;
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
       printable(key),
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
