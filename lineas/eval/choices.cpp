#include "lineas/eval/choices.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/json.h"
#include "lineas/data/text_file.h"
#include "lineas/engine/text_run.h"
#include "lineas/generate/score.h"

namespace lineas {
namespace {

ChoiceQuestion parse_question(std::string_view line, const std::string& where) {
  const Json object = parse_json(line, where);
  ChoiceQuestion question{
      .question = require<std::string>(object, "question", where),
      .choices = require<std::vector<std::string>>(object, "choices", where),
      .answer = require<size_t>(object, "answer", where)};
  if (question.choices.size() < 2 || question.choices.size() > 26 ||
      question.answer >= question.choices.size())
    fail(ErrorKind::format,
         "{}: answer {} of {} choices; there must be 2 to 26, counted from 0",
         where,
         question.answer,
         question.choices.size());
  return question;
}

}  // namespace

std::vector<ChoiceQuestion> read_choices(const std::string& path) {
  const TextFile file(read_file(path), path);
  std::vector<ChoiceQuestion> questions;
  for (const Line& line : file.lines())
    if (!line.text.empty())
      questions.push_back(parse_question(line.text, file.at(line.number)));
  return questions;
}

std::string choice_prompt(const ChoiceQuestion& question) {
  std::string text = "Question: " + question.question;
  char letter = 'A';
  for (const std::string& choice : question.choices)
    text += fmt::format("\n{}) {}", letter++, choice);
  return text + "\nAnswer:";
}

int64_t count_right(const Engine& engine,
                    const std::vector<Steering>& steerings,
                    const std::vector<ChoiceQuestion>& questions) {
  std::vector<std::vector<int64_t>> rows;
  for (const ChoiceQuestion& question : questions)
    for (const std::string& choice : question.choices)
      rows.push_back(engine.encode(
          fmt::format("{} {} (", choice_prompt(question), choice)));
  if (rows.empty()) return 0;
  const auto tap = make_text_tap(engine, steerings, {}, HeadUse::score);
  const std::vector<TextScore> scores =
      score_text(engine.model(), rows, {.tap = tap.get()});
  int64_t right = 0;
  auto first = scores.begin();
  for (const ChoiceQuestion& question : questions) {
    const auto last = first + static_cast<int64_t>(question.choices.size());
    const auto best = std::max_element(
        first, last, [](const TextScore& a, const TextScore& b) {
          return a.logprob < b.logprob;
        });
    right += best - first == static_cast<int64_t>(question.answer);
    first = last;
  }
  return right;
}

}  // namespace lineas
