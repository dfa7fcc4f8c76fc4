#include "lineas/text/pre_tokenizer.h"

#include <map>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/unicode.h"

namespace lineas {
namespace {

/// \w+|[^\w\s]+ of Rust's regex crate: \w is Alphabetic there, too.
constexpr std::string_view kWords =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+)"
    R"(|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\s]+)";
constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+)"
    R"(|\s+(?!\S)|\s+)";

/// The steps read so far. Behind a ByteLevel words are bytes, until a further
/// step wants to see them as they are spelled.
struct Steps {
  std::vector<WordStep> steps;
  bool byte_level = false;

  void add(WordStep step) {
    if (byte_level) steps.push_back(spell_bytes());
    byte_level = false;
    steps.push_back(std::move(step));
  }
};

using StepReader = std::function<void(const Json&, const std::string&, Steps&)>;

void append_steps(const Json& spec, const std::string& where, Steps& steps);

void append_sequence(const Json& spec, const std::string& where, Steps& steps) {
  for (const Json& part :
       require<std::vector<Json>>(spec, "pretokenizers", where)) {
    append_steps(part, where, steps);
  }
}

void append_byte_level(const Json& spec,
                       const std::string& where,
                       Steps& steps) {
  if (require<bool>(spec, "add_prefix_space", where)) {
    steps.add(prefix_space());
  }
  if (unless_absent<bool>(spec, "use_regex", where, true)) {
    steps.add(
        split(find_regex(Regex(kGpt2Pattern, where)), Behavior::isolated));
  }
  if (steps.byte_level) steps.steps.push_back(spell_bytes());
  steps.byte_level = true;
}

void append_split(const Json& spec, const std::string& where, Steps& steps) {
  const Behavior behavior =
      parse_behavior(require<std::string>(spec, "behavior", where), where);
  const bool invert = require<bool>(spec, "invert", where);
  const auto pattern = require<Json>(spec, "pattern", where);
  if (pattern.is_object() && pattern.contains("Regex")) {
    const Regex regex(require<std::string>(pattern, "Regex", where), where);
    steps.add(split(find_regex(regex), behavior, invert));
    return;
  }
  const auto text = require<std::string>(pattern, "String", where);
  // An empty string is found between all characters, as a pattern is.
  steps.add(
      split(text.empty() ? find_regex(Regex("", where)) : find_string(text),
            behavior,
            invert));
}

void append_metaspace(const Json& spec,
                      const std::string& where,
                      Steps& steps) {
  const auto mark = require<std::string>(spec, "replacement", where);
  steps.add(metaspace(mark, read_prepend_scheme(spec, where)));
  if (value_or<bool>(spec, "split", where, true)) {
    steps.add(split(find_string(mark), Behavior::merged_with_next));
  }
}

void append_digits(const Json& spec, const std::string& where, Steps& steps) {
  steps.add(split(find_characters(is_numeric),
                  require<bool>(spec, "individual_digits", where)
                      ? Behavior::isolated
                      : Behavior::contiguous));
}

void append_punctuation(const Json& spec,
                        const std::string& where,
                        Steps& steps) {
  const auto name =
      unless_absent<std::string>(spec, "behavior", where, "Isolated");
  steps.add(
      split(find_characters(is_punctuation), parse_behavior(name, where)));
}

void append_bert(const Json&, const std::string&, Steps& steps) {
  steps.add(split(find_characters(is_white_space), Behavior::removed));
  steps.add(split(find_characters(is_punctuation), Behavior::isolated));
}

void append_delimiter(const Json& spec,
                      const std::string& where,
                      Steps& steps) {
  steps.add(split(find_string(require<std::string>(spec, "delimiter", where)),
                  Behavior::removed));
}

void append_fixed_length(const Json& spec,
                         const std::string& where,
                         Steps& steps) {
  const auto length = unless_absent<int64_t>(spec, "length", where, 5);
  if (length < 1) {
    fail(ErrorKind::format, "{}: length {} is not above 0", where, length);
  }
  steps.add(fixed_length(static_cast<size_t>(length)));
}

const std::map<std::string, StepReader>& step_readers() {
  static const std::map<std::string, StepReader> readers = {
      {"Sequence", append_sequence},
      {"ByteLevel", append_byte_level},
      {"Split", append_split},
      {"Metaspace", append_metaspace},
      {"Digits", append_digits},
      {"Punctuation", append_punctuation},
      {"BertPreTokenizer", append_bert},
      {"CharDelimiterSplit", append_delimiter},
      {"FixedLength", append_fixed_length},
      {"Whitespace",
       [](const Json&, const std::string& where, Steps& steps) {
         steps.add(
             split(find_regex(Regex(kWords, where)), Behavior::removed, true));
       }},
      {"WhitespaceSplit", [](const Json&, const std::string&, Steps& steps) {
         steps.add(split(find_characters(is_white_space), Behavior::removed));
       }}};
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

std::vector<Word> PreTokenizer::operator()(std::string_view text,
                                           bool at_start) const {
  std::vector<Word> words;
  if (!text.empty()) words.push_back({std::string(text), at_start});
  for (const WordStep& step : steps_) {
    std::vector<Word> next;
    for (Word& word : words) step(std::move(word), next);
    words = std::move(next);
  }
  return words;
}

PreTokenizer read_pre_tokenizer(const Json& spec, std::string_view where) {
  Steps steps;
  const std::string place = fmt::format("{}: pre_tokenizer", where);
  if (!spec.is_null()) append_steps(spec, place, steps);
  return {std::move(steps.steps), steps.byte_level};
}

std::string read_prepend_scheme(const Json& spec, const std::string& where) {
  // Files from before 2024 say add_prefix_space; both must mean the same.
  auto scheme =
      unless_absent<std::string>(spec, "prepend_scheme", where, "always");
  if (scheme != "always" && scheme != "first" && scheme != "never") {
    fail(ErrorKind::format,
         "{}: prepend_scheme \"{}\" is not always, first or never",
         where,
         scheme);
  }
  if (!value_or<bool>(spec, "add_prefix_space", where, true) &&
      scheme != "never") {
    fail(ErrorKind::format,
         "{}: add_prefix_space false and prepend_scheme \"{}\" contradict each "
         "other",
         where,
         scheme);
  }
  return scheme;
}

}  // namespace lineas
