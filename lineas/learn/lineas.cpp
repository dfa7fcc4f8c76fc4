#include "lineas/learn/lineas.h"

#include <chrono>
#include <limits>
#include <tuple>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/numbers.h"
#include "lineas/learn/lineas_run.h"
#include "lineas/learn/methods.h"

namespace lineas {
namespace {

// Maps are float32, and so is whatever scales them.
constexpr double kMostFloat = std::numeric_limits<float>::max();

// One number of the text that was given.
double parse_weight(const std::string& number,
                    const std::string& text,
                    const char* option) {
  const double value = parse_number<double>(number).value_or(-1);
  if (!(value >= 0) || value > kMostFloat)
    fail(ErrorKind::usage,
         "--{} {}: a weight, or two for scale and shift, must be numbers of at "
         "least 0",
         option,
         text);
  return value;
}

// "X" or "X,Y".
std::pair<double, double> parse_weights(const std::string& text,
                                        const char* option) {
  const size_t comma = text.find(',');
  const double scale = parse_weight(text.substr(0, comma), text, option);
  if (comma == std::string::npos) return {scale, scale};
  return {scale, parse_weight(text.substr(comma + 1), text, option)};
}

Penalty parse_penalty(const LineasOptions& options) {
  Penalty penalty;
  std::tie(penalty.l1_scale, penalty.l1_shift) =
      parse_weights(options.l1, "l1");
  std::tie(penalty.group_scale, penalty.group_shift) =
      parse_weights(options.group, "group");
  return penalty;
}

double parse_budget(const std::string& text) {
  std::string_view number = text;
  if (number.ends_with('%')) number.remove_suffix(1);
  const double percent = parse_number<double>(number).value_or(0);
  if (!(percent > 0) || percent > 100)
    fail(ErrorKind::usage,
         "--support-budget {}: use a percentage of the neurons, above 0 and "
         "at most 100",
         text);
  return percent / 100;
}

void check_options(const LineasOptions& options) {
  if (options.steps < 0)
    fail(ErrorKind::usage, "--steps {}: 0 or more", options.steps);
  if (options.refit_steps < 0)
    fail(ErrorKind::usage, "--refit-steps {}: 0 or more", options.refit_steps);
  if (!(options.lr >= 0) || options.lr > kMostFloat)
    fail(ErrorKind::usage,
         "--lr {}: must be 0 or more, and a float32",
         options.lr);
  if (options.batch < 0)
    fail(ErrorKind::usage, "--batch {}: 0 or more", options.batch);
  if (options.micro_batch < 0)
    fail(ErrorKind::usage, "--micro-batch {}: 0 or more", options.micro_batch);
}

void check_batch(const LineasOptions& options, const Problem& problem) {
  const auto total = static_cast<int64_t>(problem.source_rows.size());
  if (options.batch > total)
    fail(ErrorKind::usage,
         "--batch {}: there are {} source prompts",
         options.batch,
         total);
}

// Source and target may respond alike; a rate may be too large.
void warn_of_loss(const LineasRun& run, const LineasSettings& settings) {
  if (run.untouched_loss() == 0)
    log_warning(
        "source and target give the same responses: there is nothing to "
        "learn, the map does nothing");
  else if (run.loss() > run.untouched_loss())
    log_warning(
        "the loss ended at {:.4g}, above the {:.4g} of the model without maps. "
        "{}",
        run.loss(),
        run.untouched_loss(),
        settings.loss.advice);
}

void warn_of_support(const LineasRun& run,
                     const LineasOptions& options,
                     const LineasSettings& settings) {
  if (!run.meets_budget())
    log_warning(
        "--support-budget {}: is {} neurons, and no penalty tried comes near; "
        "the map moves {}. Try more --steps, a penalty of another form "
        "(--l1, --group){}.",
        options.support_budget,
        run.budget(),
        run.support(),
        settings.chooses_optimizer ? "" : ", or --optimizer auto");
  else if (run.support() == 0 && !settings.penalty.is_zero())
    log_warning(
        "the penalty holds every neuron at the identity: the map does nothing. "
        "Try a smaller --l1 or --group.");
}

// What the published program does, and what makes the most of a fifth of its
// time. A penalty's descent knows when it has settled.
int64_t default_steps(bool is_white) {
  return is_white ? 190 : 1000;
}

double default_rate(bool is_white) {
  return is_white ? 0.015 : 1e-3;
}

void warn_of_rate(const LineasRun& run, const LineasOptions& options) {
  const bool is_set =
      options.lr > 0 || options.schedule != LineasOptions{}.schedule;
  if (is_set && !run.uses_rate())
    log_warning(
        "--lr and --schedule do nothing: with a penalty --optimizer auto finds "
        "the length of its steps itself");
}

void resume(LineasRun& run, RunKeeper& keeper, const RunFiles& files) {
  const auto saved = keeper.load(run.state());
  if (!saved) return;
  if (!run.restore(*saved) || run.steps_done() != keeper.steps_done())
    fail(ErrorKind::format,
         "{}: no run is ever in this state. Remove the file to start anew.",
         files.state);
}

using Clock = std::chrono::steady_clock;

// `start`: when the setting up of the run began, which counts as the first
// step's: a warm start is not for nothing.
void take_steps(LineasRun& run,
                RunKeeper& keeper,
                bool has_log,
                Progress& progress,
                Clock::time_point start) {
  progress.begin("learning", run.steps_expected(), run.steps_done());
  keeper.begin_log();
  while (!run.finished()) {
    const ObjectiveValue value = run.step();
    const std::chrono::duration<double> spent = Clock::now() - start;
    keeper.add_step({.loss = value.loss,
                     .site_loss = value.site_loss,
                     .rate = run.last_rate(),
                     .support = has_log ? run.support() : 0,
                     .seconds = spent.count()});
    progress.set_total(run.steps_expected());
    progress.update(
        run.steps_done(),
        fmt::format("loss {:.5g} lr {:.3g}", value.loss, run.last_rate()));
    keeper.save_if_due(!run.finished(), [&run] { return run.state(); });
    start = Clock::now();
  }
  progress.end();
}

}  // namespace

LineasSettings parse_settings(const LineasOptions& options, int64_t prompts) {
  check_options(options);
  const bool is_auto = options.optimizer == "auto";
  const OtMatch match = parse_ot_match(options.ot_match);
  const bool draws_prompts = options.batch > 0 && options.batch != prompts;
  const Penalty penalty = parse_penalty(options);
  const double budget = parse_budget(options.support_budget);
  const bool is_sparse = !penalty.is_zero() || budget < 1;
  const bool is_proximal =
      is_auto && is_sparse && !draws_prompts && match == OtMatch::exact;
  const bool is_white = is_auto && !is_sparse;
  const double lr = options.lr > 0 ? options.lr : default_rate(is_white);
  return {
      .chooses_optimizer = is_auto,
      .draws_prompts = draws_prompts,
      .is_proximal = is_proximal,
      .optimizer =
          is_auto ? OptimizerKind::adam : parse_optimizer(options.optimizer),
      .schedule = parse_schedule(options.schedule),
      .steps = options.steps > 0 ? options.steps : default_steps(is_white),
      .lr = lr,
      .penalty = penalty,
      .support_budget = budget,
      .loss = {.objective = {match,
                             parse_loss_reduction(options.loss_reduction),
                             static_cast<uint64_t>(options.seed)},
               .pooling = parse_pooling(options.pool),
               .position = parse_position(options.position),
               .micro_batch = options.micro_batch > 0 ? options.micro_batch
                                                      : options.batch,
               .advice = is_proximal
                             ? "Try a larger penalty, or --dtype float32."
                             : fmt::format("Try a smaller --lr than {}.", lr)}};
}

LineasLearner::LineasLearner(const LineasOptions& options, RunFiles files)
    : options_(options), files_(std::move(files)) {
  parse_settings(options_, 0);  // errors before any work
}

MapSet LineasLearner::learn(const Problem& problem, Progress& progress) {
  check_problem(problem);
  check_batch(options_, problem);
  const LineasSettings settings = parse_settings(
      options_, static_cast<int64_t>(problem.source_rows.size()));
  Json provenance = problem.identity;
  provenance["method"] = "lineas";
  provenance["options"] = to_json(options_);
  RunKeeper keeper(files_, state_identity(provenance, problem));
  const Clock::time_point start = Clock::now();
  LineasRun run(options_, settings, problem);
  warn_of_rate(run, options_);
  resume(run, keeper, files_);
  const InterruptGuard guard;
  take_steps(run, keeper, !files_.log.empty(), progress, start);
  warn_of_loss(run, settings);
  if (run.untouched_loss() > 0) warn_of_support(run, options_, settings);
  MapSet set = run.result();
  provenance["loss"] = keeper.losses();
  provenance["found"] = run.findings();
  set.provenance = std::move(provenance);
  return set;
}

Method method_lineas() {
  return make_method<LineasOptions, LineasLearner>();
}

}  // namespace lineas
