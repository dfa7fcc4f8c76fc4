#include "lineas/text/word_steps.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/byte_alphabet.h"

namespace lineas {
namespace {

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

/// Joins each span to the one before where `joins(span, one before)` says so.
template <typename Joins>
std::vector<Span> join_spans(const std::vector<Span>& spans, Joins joins) {
  std::vector<Span> result;
  bool before = false;
  for (const Span& span : spans) {
    if (joins(span.delimiter, before) && !result.empty()) {
      result.back().begin = std::min(result.back().begin, span.begin);
      result.back().end = std::max(result.back().end, span.end);
    } else {
      result.push_back(span);
    }
    before = span.delimiter;
  }
  return result;
}

bool first_delimiter(bool delimiter, bool before) {
  return delimiter && !before;
}

std::vector<Span> behave(Behavior behavior, std::vector<Span> spans) {
  switch (behavior) {
    case Behavior::isolated:
      return spans;
    case Behavior::removed:
      std::erase_if(spans, [](const Span& span) { return span.delimiter; });
      return spans;
    case Behavior::contiguous:
      return join_spans(spans, std::equal_to<bool>());
    case Behavior::merged_with_previous:
      return join_spans(spans, first_delimiter);
    case Behavior::merged_with_next:
      // The same seen from the end.
      std::reverse(spans.begin(), spans.end());
      spans = join_spans(spans, first_delimiter);
      std::reverse(spans.begin(), spans.end());
      return spans;
  }
  return spans;
}

size_t length_at(std::string_view text, size_t at) {
  return std::max<size_t>(utf8_length(static_cast<unsigned char>(text[at])), 1);
}

}  // namespace

Behavior parse_behavior(const std::string& name, std::string_view where) {
  static const std::vector<std::pair<std::string, Behavior>> known = {
      {"Isolated", Behavior::isolated},
      {"Removed", Behavior::removed},
      {"MergedWithPrevious", Behavior::merged_with_previous},
      {"MergedWithNext", Behavior::merged_with_next},
      {"Contiguous", Behavior::contiguous}};
  for (const auto& [word, value] : known) {
    if (word == name) return value;
  }
  fail(ErrorKind::format, "{}: unknown behavior \"{}\"", where, name);
}

Finder find_regex(Regex regex) {
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

Finder find_characters(std::function<bool(char32_t)> is_one) {
  return [is_one](std::string_view text) {
    std::vector<std::pair<size_t, size_t>> found;
    for (size_t at = 0; at < text.size();) {
      const Utf8Step step = next_utf8(text.substr(at));
      const size_t length = std::max<size_t>(step.length, 1);
      if (step.code && is_one(*step.code)) found.emplace_back(at, at + length);
      at += length;
    }
    return found;
  };
}

WordStep split(Finder find, Behavior behavior, bool invert) {
  return [=](Word word, std::vector<Word>& words) {
    std::vector<Span> spans = spans_of(word.text.size(), find(word.text));
    for (Span& span : spans) span.delimiter = span.delimiter != invert;
    for (const Span& span : behave(behavior, std::move(spans))) {
      if (span.end == span.begin) continue;
      words.push_back({word.text.substr(span.begin, span.end - span.begin),
                       word.at_start && span.begin == 0});
    }
  };
}

WordStep prefix_space() {
  return [](Word word, std::vector<Word>& words) {
    if (!word.text.starts_with(' ')) word.text.insert(0, 1, ' ');
    words.push_back(std::move(word));
  };
}

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

WordStep spell_bytes() {
  return [](Word word, std::vector<Word>& words) {
    words.push_back({spelling_of_bytes(word.text), word.at_start});
  };
}

WordStep fixed_length(size_t length) {
  return [length](Word word, std::vector<Word>& words) {
    for (size_t at = 0; at < word.text.size();) {
      const size_t begin = at;
      for (size_t i = 0; i < length && at < word.text.size(); ++i) {
        at += length_at(word.text, at);
      }
      words.push_back(
          {word.text.substr(begin, at - begin), word.at_start && begin == 0});
    }
  };
}

}  // namespace lineas
