// Multiple-choice questions of the bundled world, and how many a model gets
// right: whether steering costs knowledge. Compares log-probabilities of whole
// texts that differ in the answer alone; generates nothing.
#pragma once

#include <string>
#include <vector>

#include "lineas/engine/engine.h"

namespace lineas {

struct ChoiceQuestion {
  std::string question;
  std::vector<std::string> choices;
  size_t answer = 0;  // index into choices
};

/// Reads {"question", "choices", "answer"} a line. Throws not_found, or format
/// naming the line.
std::vector<ChoiceQuestion> read_choices(const std::string& path);

/// The question as the world writes it, up to "Answer:".
std::string choice_prompt(const ChoiceQuestion& question);

/// How many questions have the right choice as the likeliest of theirs.
int64_t count_right(const Engine& engine,
                    const std::vector<Steering>& steerings,
                    const std::vector<ChoiceQuestion>& questions);

}  // namespace lineas
