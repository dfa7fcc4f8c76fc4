// lineas score: how likely a model finds given texts.
#include "lineas/generate/score.h"

#include <cstdio>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/progress.h"
#include "lineas/cli/arguments.h"
#include "lineas/cli/program.h"
#include "lineas/engine/text_run.h"

namespace lineas {
namespace {

struct Arguments : TextRunArguments {
  bool json = false;
};

void print_line(size_t line,
                double strength,
                const TextScore& score,
                bool as_json) {
  if (!as_json) {
    fmt::print("{:>6}  {:>8}  {:>6}  {:>12.4f}  {:>12.4f}\n",
               line,
               strength,
               score.tokens,
               score.logprob,
               score.perplexity());
    return;
  }
  nlohmann::ordered_json object{{"line", line},
                                {"strength", strength},
                                {"tokens", score.tokens},
                                {"logprob", score.logprob},
                                {"perplexity", nullptr}};
  if (score.tokens > 0) object["perplexity"] = score.perplexity();
  print_json(object);
}

// What people want to know at the end of a table.
void log_summary(double strength, const std::vector<TextScore>& scores) {
  TextScore sum;
  double perplexities = 0;
  int64_t scored = 0;
  for (const TextScore& score : scores) {
    sum.tokens += score.tokens;
    sum.logprob += score.logprob;
    if (score.tokens == 0) continue;
    ++scored;
    perplexities += score.perplexity();
  }
  log_info("strength {}: {} lines, {} tokens{}",
           strength,
           scores.size(),
           sum.tokens,
           scored == 0
               ? ", nothing to score"
               : fmt::format(", perplexity {:.4f} (mean over lines {:.4f})",
                             sum.perplexity(),
                             perplexities / static_cast<double>(scored)));
}

void print_head() {
  fmt::print("{:>6}  {:>8}  {:>6}  {:>12}  {:>12}\n",
             "line",
             "strength",
             "tokens",
             "logprob",
             "perplexity");
}

// Scores batch by batch, every line printed when all its strengths are there,
// so that ctrl-C loses no finished one. The scores by strength.
std::vector<std::vector<TextScore>> score_and_print(
    const Engine& engine,
    const std::vector<std::vector<int64_t>>& rows,
    const std::vector<Steering>& steerings,
    const StrengthList& strengths,
    bool as_json) {
  std::vector<std::unique_ptr<SteerTap>> taps;
  for (const double factor : strengths.factors)
    taps.push_back(make_text_tap(engine,
                                 steerings,
                                 std::vector<double>(rows.size(), factor),
                                 HeadUse::score));
  std::vector<std::vector<TextScore>> all(taps.size());
  while (all[0].size() < rows.size() && !interrupted()) {
    const size_t first = all[0].size();
    for (size_t s = 0; s < taps.size(); ++s)
      for (const TextScore& score :
           score_batch(engine.model(), rows, first, {.tap = taps[s].get()}))
        all[s].push_back(score);
    for (size_t i = first; i < all[0].size(); ++i)
      for (size_t s = 0; s < taps.size(); ++s)
        print_line(i + 1, strengths.shown[s], all[s][i], as_json);
    std::fflush(stdout);
  }
  return all;
}

void run(const Arguments& arguments) {
  const PromptSet prompts = read_prompts(arguments.file);
  const Engine engine = open_engine(arguments.model);
  const auto steerings = load_steerings(engine, arguments.steer);
  warn_of_scored_tokens(steerings);
  const StrengthList strengths = list_strengths(arguments.steer, steerings);
  const auto rows = engine.encode(prompts);
  const InterruptGuard guard;
  if (!arguments.json) print_head();
  const auto scores =
      score_and_print(engine, rows, steerings, strengths, arguments.json);
  for (size_t s = 0; s < scores.size(); ++s)
    log_summary(strengths.shown[s], scores[s]);
  if (interrupted())
    fail(ErrorKind::cancelled,
         "stopped by ctrl-C after {} of {} lines",
         scores[0].size(),
         rows.size());
}

}  // namespace

void add_score(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *program.add_subcommand(
      "score", "Log-probability and perplexity of texts, line by line");
  add_text_run_options(command, *arguments);
  add_strengths_option(command, arguments->steer);
  command.add_flag("--json",
                   arguments->json,
                   "A line a text: line, strength, tokens (scored: all but the "
                   "first), logprob (their sum), perplexity");
  command.callback([arguments] { run(*arguments); });
}

}  // namespace lineas
