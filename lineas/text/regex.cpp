#include "lineas/text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

constexpr std::string_view kWhiteSpace =
    "\\t-\\r\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}"
    "\\x{2029}\\x{202F}\\x{205F}\\x{3000}";
constexpr uint32_t kStepLimit = 10'000'000;
constexpr uint32_t kHeapLimitKb = 65536;

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using CodePointer = std::unique_ptr<pcre2_code, Freer<pcre2_code_free>>;
using MatchPointer =
    std::unique_ptr<pcre2_match_data, Freer<pcre2_match_data_free>>;
using ContextPointer =
    std::unique_ptr<pcre2_match_context, Freer<pcre2_match_context_free>>;
using CompilePointer =
    std::unique_ptr<pcre2_compile_context, Freer<pcre2_compile_context_free>>;

std::string message_of(int code) {
  PCRE2_UCHAR text[160] = {};
  pcre2_get_error_message(code, text, sizeof(text));
  return reinterpret_cast<const char*>(text);
}

PCRE2_SPTR units(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

/// Runs the compiled code (JIT), and the interpreter, which has no stack
/// limit, where that gives up.
int match_at(const pcre2_code* code,
             std::string_view text,
             size_t at,
             pcre2_match_data* data,
             pcre2_match_context* context) {
  const int found = pcre2_match(
      code, units(text), text.size(), at, PCRE2_NO_UTF_CHECK, data, context);
  if (found != PCRE2_ERROR_JIT_STACKLIMIT) return found;
  return pcre2_match(code,
                     units(text),
                     text.size(),
                     at,
                     PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                     data,
                     context);
}

}  // namespace

struct Regex::Code {
  std::string pattern;
  CodePointer code;
};

std::string with_exact_white_space(std::string_view pattern) {
  std::string result;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      const char letter = pattern[++i];
      if (letter == 's' && in_class) {
        result += kWhiteSpace;
      } else if (letter == 's' || (letter == 'S' && !in_class)) {
        result += letter == 's' ? "[" : "[^";
        result += kWhiteSpace;
        result += ']';
      } else {
        result += {'\\', letter};
      }
      continue;
    }
    if (pattern[i] == '[') in_class = true;
    if (pattern[i] == ']') in_class = false;
    result += pattern[i];
  }
  return result;
}

Regex::Regex(std::string_view pattern, std::string_view where) {
  const std::string written = with_exact_white_space(pattern);
  const CompilePointer context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  // Ruby's ^ and $ are those of lines. Braces without numbers are plain text
  // in both.
  CodePointer code(pcre2_compile(
      units(written),
      written.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
      &error,
      &offset,
      context.get()));
  if (!code) {
    fail(ErrorKind::format,
         "{}: \"{}\" is not a regular expression: {}",
         where,
         pattern,
         message_of(error));
  }
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // best effort
  code_ = std::make_shared<Code>(Code{std::string(pattern), std::move(code)});
}

std::vector<std::pair<size_t, size_t>> Regex::find_all(
    std::string_view text) const {
  const pcre2_code* code = code_->code.get();
  const MatchPointer data(pcre2_match_data_create_from_pattern(code, nullptr));
  const ContextPointer context(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kStepLimit);
  pcre2_set_heap_limit(context.get(), kHeapLimitKb);
  std::vector<std::pair<size_t, size_t>> matches;
  size_t at = 0;
  while (at <= text.size()) {
    const int found = match_at(code, text, at, data.get(), context.get());
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) {
      fail(ErrorKind::resource,
           "splitting text by \"{}\" failed at byte {}: {}",
           code_->pattern,
           at,
           message_of(found));
    }
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data.get());
    const size_t begin = range[0];
    const size_t end = range[1];
    if (begin >= at && end > begin) {
      matches.emplace_back(begin, end);
      at = end;
    } else {
      // An empty match: go on after the next character.
      at = std::max(at, begin) + 1;
      while (at < text.size() && (text[at] & 0xc0) == 0x80) ++at;
    }
  }
  return matches;
}

}  // namespace lineas
