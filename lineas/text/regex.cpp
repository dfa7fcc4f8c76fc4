#include "lineas/text/regex.h"

#include <oniguruma.h>

#include <optional>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/base/utf8.h"
#include "lineas/text/decoding.h"

namespace lineas {
namespace {

/// Oniguruma's own limit for a match; a search is a match at each position.
constexpr unsigned long kMatchSteps = 10'000'000;
constexpr unsigned long kSearchSteps = 100'000'000;
/// Places to come back to; about 40 bytes each.
constexpr unsigned int kStackEntries = 4'000'000;

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
void free_region(OnigRegion* region) {
  onig_region_free(region, 1);
}
using CodePointer =
    std::unique_ptr<std::remove_pointer_t<OnigRegex>, Freer<onig_free>>;
using RegionPointer = std::unique_ptr<OnigRegion, Freer<free_region>>;
using ParamPointer =
    std::unique_ptr<OnigMatchParam, Freer<onig_free_match_param>>;

void start_library() {
  static const int started = [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    return onig_initialize(encodings, 1);
  }();
  if (started != ONIG_NORMAL) {
    fail(ErrorKind::resource, "Oniguruma does not start: code {}", started);
  }
}

/// Some codes say what they are about in `info`.
std::string message_of(int code, OnigErrorInfo* info = nullptr) {
  OnigUChar text[ONIG_MAX_ERROR_MESSAGE_LEN] = {};
  OnigErrorInfo none = {};
  const int length =
      onig_error_code_to_str(text, code, info == nullptr ? &none : info);
  return {reinterpret_cast<const char*>(text), static_cast<size_t>(length)};
}

const OnigUChar* bytes(std::string_view text) {
  return reinterpret_cast<const OnigUChar*>(text.data());
}

ParamPointer make_limits() {
  ParamPointer limits(onig_new_match_param());
  if (!limits) fail(ErrorKind::resource, "no memory to split text");
  onig_initialize_match_param(limits.get());
  onig_set_retry_limit_in_match_of_match_param(limits.get(), kMatchSteps);
  onig_set_retry_limit_in_search_of_match_param(limits.get(), kSearchSteps);
  onig_set_match_stack_limit_size_of_match_param(limits.get(), kStackEntries);
  return limits;
}

/// Later versions of Oniguruma, and those in tokenizers, count symbols among
/// [:punct:] and U+00B2, U+00B3 and the like in \p{Word}; Debian's does not.
std::string as_later_versions(std::string_view pattern,
                              std::string_view where) {
  std::string result(pattern);
  const std::pair<std::string_view, std::string_view> names[] = {
      {"[:punct:]", "[\\p{P}\\p{S}]"}, {"[:^punct:]", "[^\\p{P}\\p{S}]"}};
  for (const auto& [from, to] : names) replace_all(result, from, to);
  for (const char* name : {"{Word}", "{word}", "{^Word}", "{^word}"}) {
    if (result.find(name) == std::string::npos) continue;
    fail(ErrorKind::unsupported,
         "{}: \"{}\": \\p{} means other characters from one version of "
         "Oniguruma to the next. Write \\w or \\W",
         where,
         printable(pattern),
         name);
  }
  return result;
}

}  // namespace

struct Regex::Code {
  std::string pattern;
  CodePointer code;
};

Regex::Regex(std::string_view pattern, std::string_view where) {
  start_library();
  const std::string written = as_later_versions(pattern, where);
  OnigRegex made = nullptr;
  OnigErrorInfo info = {};
  const int code = onig_new(&made,
                            bytes(written),
                            bytes(written) + written.size(),
                            ONIG_OPTION_NONE,
                            ONIG_ENCODING_UTF8,
                            ONIG_SYNTAX_ONIGURUMA,
                            &info);
  CodePointer compiled(made);
  if (code != ONIG_NORMAL) {
    fail(ErrorKind::format,
         "{}: \"{}\" is not a regular expression: {}",
         where,
         printable(pattern),
         printable(message_of(code, &info)));
  }
  code_ =
      std::make_shared<Code>(Code{std::string(pattern), std::move(compiled)});
}

std::vector<std::pair<size_t, size_t>> Regex::find_all(
    std::string_view text) const {
  const ParamPointer limits = make_limits();
  const RegionPointer region(onig_region_new());
  const OnigUChar* end = bytes(text) + text.size();
  std::vector<std::pair<size_t, size_t>> matches;
  std::optional<size_t> last_end;
  size_t at = 0;
  while (at <= text.size()) {
    const int found = onig_search_with_param(code_->code.get(),
                                             bytes(text),
                                             end,
                                             bytes(text) + at,
                                             end,
                                             region.get(),
                                             ONIG_OPTION_NONE,
                                             limits.get());
    if (found == ONIG_MISMATCH) break;
    if (found < 0) {
      fail(ErrorKind::resource,
           "splitting text by \"{}\" failed at byte {}: {}",
           printable(code_->pattern),
           at,
           message_of(found));
    }
    const auto begin = static_cast<size_t>(region->beg[0]);
    const auto stop = static_cast<size_t>(region->end[0]);
    if (begin == stop && last_end == stop) {
      // Nothing, right behind a match: look on behind the next character.
      const auto lead = at < text.size() ? static_cast<unsigned char>(text[at])
                                         : static_cast<unsigned char>(0);
      at += std::max<size_t>(utf8_length(lead), 1);
      continue;
    }
    matches.emplace_back(begin, stop);
    at = stop;
    last_end = stop;
  }
  return matches;
}

}  // namespace lineas
