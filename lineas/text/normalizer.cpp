#include "lineas/text/normalizer.h"

#include <algorithm>
#include <map>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/byte_alphabet.h"
#include "lineas/text/charsmap.h"
#include "lineas/text/regex.h"
#include "lineas/text/unicode.h"

namespace lineas {
namespace {

/// A step that turns text into text and leaves its front alone.
template <typename Change>
NormalizerStep changing(Change change) {
  return [change](NormalizedText& whole) { whole.text = change(whole.text); };
}

NormalizerStep normal_form(NormalForm form) {
  return changing(
      [form](const std::string& text) { return normalize(text, form); });
}

NormalizerStep prepend(std::string prefix) {
  return changing([prefix](const std::string& text) {
    return text.empty() ? text : prefix + text;
  });
}

size_t length_at(std::string_view text, size_t at) {
  return std::max<size_t>(utf8_length(static_cast<unsigned char>(text[at])), 1);
}

/// Leaves out the characters that `drops` claims.
NormalizerStep filter(std::function<bool(char32_t)> drops) {
  return [drops](NormalizedText& whole) {
    std::string kept;
    for (size_t at = 0; at < whole.text.size();) {
      const size_t length = length_at(whole.text, at);
      const Utf8Step step = next_utf8(std::string_view(whole.text).substr(at));
      if (step.code && drops(*step.code)) {
        whole.cut_front |= at == 0;
      } else {
        kept.append(whole.text, at, length);
      }
      at += length;
    }
    whole.text = std::move(kept);
  };
}

NormalizerStep replace(Regex regex, std::string to) {
  return [regex, to](NormalizedText& whole) {
    std::string result;
    size_t at = 0;
    for (const auto& [begin, end] : regex.find_all(whole.text)) {
      const bool one_for_one = !to.empty() && end <= length_at(whole.text, 0);
      if (begin == 0 && end > 0 && !one_for_one) whole.cut_front = true;
      result.append(whole.text, at, begin - at);
      result += to;
      at = end;
    }
    whole.text = result.append(whole.text, at);
  };
}

/// A regular expression that matches `text` and nothing else.
std::string literal_pattern(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80 && !std::isalnum(c)) {
      pattern += fmt::format("\\x{:02x}", c);
    } else {
      pattern += c;
    }
  }
  return pattern;
}

NormalizerStep strip(bool left, bool right) {
  return [left, right](NormalizedText& whole) {
    const std::string& text = whole.text;
    size_t begin = 0;
    size_t end = text.size();
    size_t last = 0;  // behind the last character that is no space
    bool leading = true;
    for (size_t at = 0; at < text.size();) {
      const Utf8Step step = next_utf8(std::string_view(text).substr(at));
      const bool space = step.code && is_white_space(*step.code);
      at += length_at(text, at);
      leading = leading && space;
      if (leading) begin = at;
      if (!space) last = at;
    }
    if (!left) begin = 0;
    if (right) end = std::max(begin, last);
    whole.cut_front |= begin > 0;
    whole.text = text.substr(begin, end - begin);
  };
}

bool nmt_drops(char32_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0b || (c >= 0x0e && c <= 0x1f) ||
         c == 0x7f || c == 0x8f || c == 0x9f;
}

bool nmt_blanks(char32_t c) {
  switch (c) {
    case 0x09:
    case 0x0a:
    case 0x0c:
    case 0x0d:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x2581:
    case 0xfeff:
    case 0xfffd:
      return true;
    default:
      return c >= 0x200b && c <= 0x200f;
  }
}

std::string blanks_as_spaces(const std::string& text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t length = length_at(text, at);
    const Utf8Step step = next_utf8(std::string_view(text).substr(at));
    if (step.code && nmt_blanks(*step.code)) {
      result += ' ';
    } else {
      result.append(text, at, length);
    }
    at += length;
  }
  return result;
}

NormalizerStep read_replace(const Json& spec, const std::string& where) {
  const auto pattern = require<Json>(spec, "pattern", where);
  const auto to = require<std::string>(spec, "content", where);
  if (pattern.is_object() && pattern.contains("Regex")) {
    return replace(Regex(require<std::string>(pattern, "Regex", where), where),
                   to);
  }
  return replace(
      Regex(literal_pattern(require<std::string>(pattern, "String", where)),
            where),
      to);
}

NormalizerStep read_charsmap(const Json& spec, const std::string& where) {
  const std::string place = where + ": precompiled_charsmap";
  const auto map = std::make_shared<CharsMap>(
      decode_base64(require<std::string>(spec, "precompiled_charsmap", where),
                    place),
      place);
  return changing([map](const std::string& text) { return (*map)(text); });
}

using Steps = std::vector<NormalizerStep>;
using StepReader = std::function<void(const Json&, const std::string&, Steps&)>;

void append_steps(const Json& spec, const std::string& where, Steps& steps);

/// A type that is one step, made from its fields.
template <typename Make>
StepReader one(Make make) {
  return [make](const Json& spec, const std::string& where, Steps& steps) {
    steps.push_back(make(spec, where));
  };
}

/// A type that is one step and has no fields.
StepReader fixed(NormalizerStep step) {
  return [step](const Json&, const std::string&, Steps& steps) {
    steps.push_back(step);
  };
}

void append_sequence(const Json& spec, const std::string& where, Steps& steps) {
  for (const Json& part :
       require<std::vector<Json>>(spec, "normalizers", where)) {
    append_steps(part, where, steps);
  }
}

const std::map<std::string, StepReader>& step_readers() {
  static const std::map<std::string, StepReader> readers = {
      {"Sequence", append_sequence},
      {"NFC", fixed(normal_form(NormalForm::nfc))},
      {"NFD", fixed(normal_form(NormalForm::nfd))},
      {"NFKC", fixed(normal_form(NormalForm::nfkc))},
      {"NFKD", fixed(normal_form(NormalForm::nfkd))},
      {"Lowercase", fixed(changing([](const std::string& text) {
         return lower_case(text);
       }))},
      {"StripAccents", fixed(filter(is_mark))},
      {"ByteLevel", fixed(changing([](const std::string& text) {
         return spelling_of_bytes(text);
       }))},
      {"Nmt",
       [](const Json&, const std::string&, Steps& steps) {
         steps.push_back(filter(nmt_drops));
         steps.push_back(changing(blanks_as_spaces));
       }},
      {"Prepend", one([](const Json& spec, const std::string& where) {
         return prepend(require<std::string>(spec, "prepend", where));
       })},
      {"Strip", one([](const Json& spec, const std::string& where) {
         return strip(require<bool>(spec, "strip_left", where),
                      require<bool>(spec, "strip_right", where));
       })},
      {"Replace", one(read_replace)},
      {"Precompiled", one(read_charsmap)}};
  return readers;
}

void append_steps(const Json& spec, const std::string& where, Steps& steps) {
  const auto type = require<std::string>(spec, "type", where);
  const auto found = step_readers().find(type);
  if (found != step_readers().end()) {
    found->second(spec, where, steps);
    return;
  }
  std::vector<std::string> known;
  for (const auto& [name, reader] : step_readers()) known.push_back(name);
  fail(ErrorKind::unsupported,
       "{}: type \"{}\" is not supported ({} are)",
       where,
       type,
       fmt::join(known, ", "));
}

}  // namespace

NormalizedText Normalizer::operator()(std::string_view text) const {
  NormalizedText result{std::string(text)};
  for (const NormalizerStep& step : steps_) step(result);
  return result;
}

Normalizer read_normalizer(const Json& spec, std::string_view where) {
  std::vector<NormalizerStep> steps;
  const std::string place = fmt::format("{}: normalizer", where);
  if (!spec.is_null()) append_steps(spec, place, steps);
  return Normalizer(std::move(steps));
}

}  // namespace lineas
