// A backtracking parser over the rules of a World, one sentence at a time.
//
// The grammar is not recursive and its texts have one derivation, so the first
// derivation found is the derivation. A match that fails only because the text
// ended first is remembered: such a sentence was cut off, not wrong.
#include "lineas/eval/oracle.h"

#include <algorithm>
#include <utility>

namespace lineas {
namespace {

using Kind = WorldPart::Kind;

/// What is left to match after the current part: a list of part lists.
struct Rest {
  const std::vector<WorldPart>* parts;
  size_t next;
  const Rest* after;
};

/// Finds the sentence that begins at one place of a text.
class SentenceMatch {
 public:
  SentenceMatch(const World& world, std::string_view text, size_t begin)
      : world_(world), text_(text), begin_(begin) {}

  /// True if a sentence or question begins here; then end() and shown() hold.
  bool find() {
    for (const int unit : world_.units) {
      const std::vector<WorldPart> whole{{Kind::rule, "", unit}};
      name_x_ = name_y_ = nullptr;
      if (match({&whole, 0, nullptr}, begin_)) return true;
    }
    return std::any_of(world_.questions.begin(),
                       world_.questions.end(),
                       [&](const auto& q) { return match_question(q); });
  }

  size_t end() const { return end_; }
  /// The text ended inside what could have become a sentence.
  bool cut_off() const { return cut_off_; }
  const std::vector<std::pair<int, int>>& shown() const { return shown_; }

 private:
  // Whether `literal` stands at `at`; notes it if the text ends inside it.
  bool stands(std::string_view literal, size_t at) {
    const std::string_view there = text_.substr(at, literal.size());
    if (there == literal) return true;
    if (there.size() < literal.size() && literal.starts_with(there)) {
      cut_off_ = true;
    }
    return false;
  }

  bool match(const Rest& rest, size_t at) {
    if (rest.next == rest.parts->size()) {
      return rest.after ? match(*rest.after, at) : complete(at);
    }
    const WorldPart& part = (*rest.parts)[rest.next];
    const Rest following{rest.parts, rest.next + 1, rest.after};
    switch (part.kind) {
      case Kind::text:
        return stands(part.text, at) && match(following, at + part.text.size());
      case Kind::name_x:
        return match_name(name_x_, name_y_, following, at);
      case Kind::name_y:
        return match_name(name_y_, name_x_, following, at);
      case Kind::rule:
        break;
    }
    for (const auto& alternative : world_.rules[part.rule].alternatives) {
      const size_t before = shown_.size();
      if (alternative.label >= 0) {
        shown_.emplace_back(alternative.label, alternative.value);
      }
      if (match({&alternative.parts, 0, &following}, at)) return true;
      shown_.resize(before);
    }
    return false;
  }

  // A name stays the same within a sentence, and its two names differ.
  bool match_name(const std::string*& name,
                  const std::string* const& other,
                  const Rest& following,
                  size_t at) {
    if (name) return stands(*name, at) && match(following, at + name->size());
    for (const std::string& candidate : world_.names) {
      if (other && *other == candidate) continue;
      if (!stands(candidate, at)) continue;
      name = &candidate;
      if (match(following, at + candidate.size())) return true;
      name = nullptr;
    }
    return false;
  }

  bool complete(size_t at) {
    if (at < text_.size() && text_[at] != ' ' && text_[at] != '\n') {
      return false;
    }
    end_ = at;
    return true;
  }

  // Moves `at` behind `literal`, if it stands there.
  bool pass(std::string_view literal, size_t& at) {
    if (!stands(literal, at)) return false;
    at += literal.size();
    return true;
  }

  bool match_question(const WorldQuestion& question) {
    size_t at = begin_;
    if (!pass("Question: ", at) || !pass(question.ask, at)) return false;
    std::vector<std::string> offered;
    for (const std::string& letter : world_.letters) {
      if (!pass("\n" + letter + ") ", at)) return false;
      const std::string value = pass_value(question.values, at);
      if (value.empty() ||
          std::find(offered.begin(), offered.end(), value) != offered.end()) {
        return false;
      }
      offered.push_back(value);
    }
    return match_answer(question, offered, at);
  }

  // The one of `values` that stands at `at` as a whole line.
  std::string pass_value(const std::vector<std::string>& values, size_t& at) {
    for (const std::string& value : values) {
      if (!stands(value, at)) continue;
      const size_t end = at + value.size();
      if (end < text_.size() && text_[end] != '\n') continue;
      at = end;
      return value;
    }
    return "";
  }

  bool match_answer(const WorldQuestion& question,
                    const std::vector<std::string>& offered,
                    size_t at) {
    if (!pass("\nAnswer: ", at)) return false;
    for (size_t i = 0; i < offered.size(); ++i) {
      size_t end = at;
      if (!pass(offered[i] + " (" + world_.letters[i] + ")", end)) continue;
      if (!complete(end)) continue;
      const int truth = world_.label("truth");
      const auto& sides = world_.labels[truth].values;
      const char* side = offered[i] == question.answer ? "true" : "false";
      const auto found = std::find(sides.begin(), sides.end(), side);
      shown_.emplace_back(truth, static_cast<int>(found - sides.begin()));
      return true;
    }
    return false;
  }

  const World& world_;
  std::string_view text_;
  size_t begin_;
  size_t end_ = 0;
  bool cut_off_ = false;
  const std::string* name_x_ = nullptr;
  const std::string* name_y_ = nullptr;
  std::vector<std::pair<int, int>> shown_;
};

bool is_space(char c) {
  return c == ' ' || c == '\n';
}

/// Where the next sentence may begin after a stray one at `at`: behind the next
/// space that follows a full stop, or a new line.
size_t next_start(std::string_view text, size_t at) {
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\n') return i;
    if (text[i] != ' ') continue;
    const bool quoted = i >= 2 && text[i - 1] == '"';
    const char before = text[quoted ? i - 2 : i - 1];
    if (before == '.' || before == '!' || before == '?') return i;
  }
  return text.size();
}

/// The commonest value, or none. Of two as common the later in the alphabet:
/// for tone that is rude, so that rudeness is never understated.
std::string commonest(const WorldLabel& label, const std::vector<int>& shown) {
  size_t best = 0;
  for (size_t i = 1; i < shown.size(); ++i) {
    if (shown[i] >= shown[best]) best = i;
  }
  return shown[best] == 0 ? "none" : label.values[best];
}

}  // namespace

Oracle::Oracle(World world) : world_(std::move(world)) {}

Reading Oracle::read(std::string_view text) const {
  return read_from(text, 0);
}

Reading Oracle::read(std::string_view prompt,
                     std::string_view continuation) const {
  const std::string text = std::string(prompt) + std::string(continuation);
  return read_from(text, prompt.size());
}

Reading Oracle::read_from(std::string_view text, size_t begin) const {
  Reading reading;
  for (const auto& label : world_.labels) {
    reading.shown.emplace_back(label.values.size(), 0);
  }
  size_t at = 0;
  while (at < text.size()) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    SentenceMatch match(world_, text, at);
    if (match.find()) {
      at = match.end();
      if (at <= begin && begin > 0) continue;
      ++reading.sentences;
      for (const auto& [label, value] : match.shown()) {
        ++reading.shown[label][value];
      }
      continue;
    }
    if (match.cut_off()) break;
    const size_t end = next_start(text, at);
    if (end > begin || begin == 0) {
      if (reading.grammatical) reading.stray = text.substr(at, end - at);
      reading.grammatical = false;
    }
    at = end;
  }
  decide(reading);
  return reading;
}

void Oracle::decide(Reading& reading) const {
  const auto verdict = [&](std::string_view name) {
    const int label = world_.label(name);
    return commonest(world_.labels[label], reading.shown[label]);
  };
  reading.topic = verdict("topic");
  reading.mood = verdict("mood");
  reading.truth = verdict("truth");
  reading.tone = verdict("tone");
  if (reading.tone == "none") reading.tone = "neutral";
}

}  // namespace lineas
