#include "lineas/text/normalizer.h"

#include <map>

#include "lineas/base/error.h"
#include "lineas/text/regex.h"
#include "lineas/text/unicode.h"

namespace lineas {
namespace {

NormalizerStep normal_form(NormalForm form) {
  return [form](std::string text) { return normalize(text, form); };
}

NormalizerStep prepend(std::string prefix) {
  return [prefix](std::string text) {
    return text.empty() ? text : prefix + text;
  };
}

NormalizerStep replace_string(std::string from, std::string to) {
  return [from, to](std::string text) {
    std::string result;
    size_t at = 0;
    for (size_t found = text.find(from);
         !from.empty() && found != std::string::npos;
         found = text.find(from, at)) {
      result.append(text, at, found - at);
      result += to;
      at = found + from.size();
    }
    return result.append(text, at);
  };
}

NormalizerStep replace_regex(Regex regex, std::string to) {
  return [regex, to](std::string text) {
    std::string result;
    size_t at = 0;
    for (const auto& [begin, end] : regex.find_all(text)) {
      result.append(text, at, begin - at);
      result += to;
      at = end;
    }
    return result.append(text, at);
  };
}

NormalizerStep read_replace(const Json& spec, std::string_view where) {
  const auto pattern = require<Json>(spec, "pattern", where);
  const auto to = require<std::string>(spec, "content", where);
  if (pattern.contains("Regex")) {
    return replace_regex(
        Regex(require<std::string>(pattern, "Regex", where), where), to);
  }
  return replace_string(require<std::string>(pattern, "String", where), to);
}

void append_steps(const Json& spec,
                  std::string_view where,
                  std::vector<NormalizerStep>& steps) {
  static const std::map<std::string, NormalForm> forms = {
      {"NFC", NormalForm::nfc},
      {"NFD", NormalForm::nfd},
      {"NFKC", NormalForm::nfkc},
      {"NFKD", NormalForm::nfkd}};
  const auto type = require<std::string>(spec, "type", where);
  if (type == "Sequence") {
    for (const Json& part :
         require<std::vector<Json>>(spec, "normalizers", where)) {
      append_steps(part, where, steps);
    }
  } else if (type == "Prepend") {
    steps.push_back(prepend(require<std::string>(spec, "prepend", where)));
  } else if (type == "Replace") {
    steps.push_back(read_replace(spec, where));
  } else if (forms.contains(type)) {
    steps.push_back(normal_form(forms.at(type)));
  } else {
    fail(ErrorKind::unsupported,
         "{}: type \"{}\" is not supported (Sequence, Prepend, Replace, NFC, "
         "NFD, NFKC, NFKD are)",
         where,
         type);
  }
}

}  // namespace

std::string Normalizer::operator()(std::string_view text) const {
  std::string result(text);
  for (const NormalizerStep& step : steps_) result = step(std::move(result));
  return result;
}

Normalizer read_normalizer(const Json& spec, std::string_view where) {
  std::vector<NormalizerStep> steps;
  const std::string place = fmt::format("{}: normalizer", where);
  if (!spec.is_null()) append_steps(spec, place, steps);
  return Normalizer(std::move(steps));
}

Normalizer nfc_normalizer() {
  return Normalizer({normal_form(NormalForm::nfc)});
}

}  // namespace lineas
