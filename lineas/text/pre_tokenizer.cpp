#include "lineas/text/pre_tokenizer.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/regex.h"
#include "lineas/text/unicode.h"

namespace lineas {
namespace {

constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+)"
    R"(|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

enum class Behavior {
  isolated,
  removed,
  merged_with_previous,
  merged_with_next,
  contiguous,
};

/// A stretch of a word: a delimiter, or what is between two.
struct Span {
  size_t begin, end;
  bool delimiter;
};

std::vector<Span> spans_of(
    size_t size, const std::vector<std::pair<size_t, size_t>>& delimiters) {
  std::vector<Span> spans;
  size_t at = 0;
  for (const auto& [begin, end] : delimiters) {
    if (begin > at) spans.push_back({at, begin, false});
    spans.push_back({begin, end, true});
    at = end;
  }
  if (at < size) spans.push_back({at, size, false});
  return spans;
}

/// Joins or drops spans as SplitDelimiterBehavior of Hugging Face tokenizers.
std::vector<Span> join_spans(Behavior behavior,
                             const std::vector<Span>& spans) {
  std::vector<Span> result;
  bool previous_delimiter = false;
  for (const Span& span : spans) {
    bool joins = false;
    if (behavior == Behavior::removed && span.delimiter) continue;
    if (behavior == Behavior::contiguous) {
      joins = span.delimiter == previous_delimiter;
    } else if (behavior == Behavior::merged_with_previous) {
      joins = span.delimiter && !previous_delimiter;
    } else if (behavior == Behavior::merged_with_next) {
      joins = !span.delimiter && previous_delimiter;
    }
    previous_delimiter = span.delimiter;
    if (joins && !result.empty()) {
      result.back().end = span.end;
    } else {
      result.push_back(span);
    }
  }
  return result;
}

using Finder =
    std::function<std::vector<std::pair<size_t, size_t>>(std::string_view)>;

WordStep split(Finder find, Behavior behavior, bool invert) {
  return [=](Word word, std::vector<Word>& words) {
    std::vector<Span> spans = spans_of(word.text.size(), find(word.text));
    for (Span& span : spans) span.delimiter = span.delimiter != invert;
    for (const Span& span : join_spans(behavior, spans)) {
      words.push_back({word.text.substr(span.begin, span.end - span.begin),
                       word.at_start && span.begin == 0});
    }
  };
}

Finder find_pattern(Regex regex) {
  return [regex](std::string_view text) { return regex.find_all(text); };
}

Finder find_string(std::string needle) {
  return [needle](std::string_view text) {
    std::vector<std::pair<size_t, size_t>> found;
    size_t at = needle.empty() ? std::string::npos : text.find(needle);
    while (at != std::string::npos) {
      found.emplace_back(at, at + needle.size());
      at = text.find(needle, at + needle.size());
    }
    return found;
  };
}

Finder find_digits() {
  return [](std::string_view text) {
    std::vector<std::pair<size_t, size_t>> found;
    for (size_t at = 0; at < text.size();) {
      const Utf8Step step = next_utf8(text.substr(at));
      const size_t length = std::max<size_t>(step.length, 1);
      if (step.code && is_numeric(*step.code)) {
        found.emplace_back(at, at + length);
      }
      at += length;
    }
    return found;
  };
}

WordStep prefix_space() {
  return [](Word word, std::vector<Word>& words) {
    const bool has_space = word.text.find(' ') == 0;
    words.push_back({has_space ? word.text : " " + word.text, word.at_start});
  };
}

/// Spaces become `mark`, one is put in front, and words begin at marks.
WordStep metaspace(std::string mark, std::string scheme) {
  return [=](Word word, std::vector<Word>& words) {
    std::string text;
    for (const char c : word.text) {
      if (c == ' ') {
        text += mark;
      } else {
        text += c;
      }
    }
    const bool prepends =
        scheme == "always" || (scheme == "first" && word.at_start);
    if (prepends && !text.starts_with(mark)) text.insert(0, mark);
    words.push_back({std::move(text), word.at_start});
  };
}

WordStep read_split(const Json& spec, const std::string& where) {
  const auto behavior = require<std::string>(spec, "behavior", where);
  const bool invert = value_or<bool>(spec, "invert", where, false);
  static const std::vector<std::pair<std::string, Behavior>> known = {
      {"Isolated", Behavior::isolated},
      {"Removed", Behavior::removed},
      {"MergedWithPrevious", Behavior::merged_with_previous},
      {"MergedWithNext", Behavior::merged_with_next},
      {"Contiguous", Behavior::contiguous}};
  const auto pattern = require<Json>(spec, "pattern", where);
  for (const auto& [name, value] : known) {
    if (name != behavior) continue;
    if (!pattern.is_object() || !pattern.contains("Regex")) {
      return split(find_string(require<std::string>(pattern, "String", where)),
                   value,
                   invert);
    }
    const auto regex = require<std::string>(pattern, "Regex", where);
    return split(find_pattern(Regex(regex, where)), value, invert);
  }
  fail(ErrorKind::format, "{}: unknown behavior \"{}\"", where, behavior);
}

/// The steps read so far and what they amount to.
struct Steps {
  std::vector<WordStep> steps;
  bool byte_level = false;
  bool gpt2 = false;
};

void append_byte_level(const Json& spec,
                       const std::string& where,
                       Steps& steps) {
  if (value_or<bool>(spec, "add_prefix_space", where, false)) {
    steps.steps.push_back(prefix_space());
  }
  if (value_or<bool>(spec, "use_regex", where, true)) {
    const Regex regex(kGpt2Pattern, where);
    steps.steps.push_back(
        split(find_pattern(regex), Behavior::isolated, false));
    steps.gpt2 = true;
  }
  steps.byte_level = true;
}

void append_metaspace(const Json& spec,
                      const std::string& where,
                      Steps& steps) {
  const auto mark = require<std::string>(spec, "replacement", where);
  // Files from before 2024 say add_prefix_space instead of prepend_scheme.
  const bool prefix = value_or<bool>(spec, "add_prefix_space", where, true);
  const auto scheme = value_or<std::string>(
      spec, "prepend_scheme", where, prefix ? "always" : "never");
  steps.steps.push_back(metaspace(mark, scheme));
  if (value_or<bool>(spec, "split", where, true)) {
    steps.steps.push_back(
        split(find_string(mark), Behavior::merged_with_next, false));
  }
}

void append_steps(const Json& spec, const std::string& where, Steps& steps) {
  const auto type = require<std::string>(spec, "type", where);
  if (steps.byte_level) {
    fail(ErrorKind::unsupported,
         "{}: \"{}\" after ByteLevel is not supported",
         where,
         type);
  }
  if (type == "Sequence") {
    for (const Json& part :
         require<std::vector<Json>>(spec, "pretokenizers", where)) {
      append_steps(part, where, steps);
    }
  } else if (type == "ByteLevel") {
    append_byte_level(spec, where, steps);
  } else if (type == "Split") {
    steps.steps.push_back(read_split(spec, where));
  } else if (type == "Digits") {
    const bool single = value_or<bool>(spec, "individual_digits", where, false);
    steps.steps.push_back(
        split(find_digits(),
              single ? Behavior::isolated : Behavior::contiguous,
              false));
  } else if (type == "Metaspace") {
    append_metaspace(spec, where, steps);
  } else {
    fail(ErrorKind::unsupported,
         "{}: type \"{}\" is not supported (Sequence, ByteLevel, Split, "
         "Digits, Metaspace are)",
         where,
         type);
  }
}

PreTokenizer from(Steps steps) {
  return {std::move(steps.steps), steps.byte_level, steps.gpt2};
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
  return from(std::move(steps));
}

PreTokenizer gpt2_pre_tokenizer(bool add_prefix_space) {
  Steps steps;
  const Json spec = {{"add_prefix_space", add_prefix_space}};
  append_byte_level(spec, "GPT-2", steps);
  return from(std::move(steps));
}

PreTokenizer qwen2_pre_tokenizer() {
  const Regex regex(kQwen2Pattern, "Qwen2");
  Steps steps;
  steps.steps.push_back(split(find_pattern(regex), Behavior::isolated, false));
  steps.byte_level = true;
  return from(std::move(steps));
}

}  // namespace lineas
