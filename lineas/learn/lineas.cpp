#include "lineas/learn/lineas.h"

#include <chrono>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/learn/lineas_run.h"
#include "lineas/learn/methods.h"

namespace lineas {
namespace {

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
  else if (run.fell_back())
    log_warning(
        "the steps ended above where they started, so that was kept. {}",
        settings.advice());
  else if (run.loss() > run.untouched_loss())
    log_warning(
        "the loss ended at {:.4g}, above the {:.4g} of the model without maps. "
        "{}",
        run.loss(),
        run.untouched_loss(),
        settings.advice());
}

// Why a budget is missed, and what to try.
std::string why_missed(const LineasRun& run, const LineasSettings& settings) {
  if (run.search()->succeeded())
    return fmt::format(
        "and the refit, under the penalty still, left {} of those that were "
        "found. Try fewer --refit-steps",
        run.support());
  const auto jump = run.search()->jump();
  if (!jump)
    return fmt::format(
        "and no penalty tried comes near; the map moves {}. Try more --steps, "
        "a penalty of another form (--l1, --group)",
        run.support());
  const Penalty& penalty = settings.penalty;
  const bool has_groups = penalty.group_scale > 0 || penalty.group_shift > 0;
  return fmt::format(
      "and between two penalties next to each other the support jumps from {} "
      "to {}; the map moves {}. {}",
      jump->above,
      jump->within,
      run.support(),
      has_groups ? "--group admits all neurons of a site at once: use --l1, "
                   "alone or beside a smaller --group"
                 : "Try more --steps");
}

void warn_of_budget(const LineasRun& run,
                    const LineasOptions& options,
                    const LineasSettings& settings) {
  log_warning("--support-budget {}: is {} neurons, {}{}.",
              options.support_budget,
              run.search()->budget(),
              why_missed(run, settings),
              settings.chooses_optimizer ? "" : ", or --optimizer auto");
}

void warn_of_support(const LineasRun& run,
                     const LineasOptions& options,
                     const LineasSettings& settings) {
  if (run.search() && !run.search()->is_enough(run.support()))
    warn_of_budget(run, options, settings);
  else if (run.support() == 0 && !settings.penalty.is_zero())
    log_warning(
        "the penalty holds every neuron at the identity: the map does nothing. "
        "Try a smaller --l1 or --group.");
}

void warn_of_rate(const LineasSettings& settings,
                  const LineasOptions& options) {
  const bool is_set =
      !settings.chooses_rate || options.schedule != LineasOptions{}.schedule;
  if (is_set && settings.is_proximal)
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

// A run at its start, or where its former one stopped.
std::unique_ptr<LineasRun> set_up(const LineasSettings& settings,
                                  const Problem& problem,
                                  const Progress& progress,
                                  RunKeeper& keeper,
                                  const RunFiles& files) try {
  auto run = std::make_unique<LineasRun>(
      settings, problem, [&progress] { return progress.is_cancelled(); });
  resume(*run, keeper, files);
  return run;
} catch (const Error& error) {
  if (error.kind() == ErrorKind::cancelled) keeper.stop(nullptr);
  throw;
}

ObjectiveValue take_step(LineasRun& run, const RunKeeper& keeper) try {
  return run.step();
} catch (const Error& error) {
  if (error.kind() == ErrorKind::cancelled)
    keeper.stop([&run] { return run.state(); });
  throw;
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
    const ObjectiveValue value = take_step(run, keeper);
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
    if (!run.finished())
      keeper.save_if_due(progress.is_cancelled(),
                         [&run] { return run.state(); });
    start = Clock::now();
  }
  progress.end();
}

bool gives_text(const Drive& drive) {
  const auto outcome = drive.outcome();
  return outcome && outcome->kind == OutcomeKind::logits;
}

}  // namespace

LineasLearner::LineasLearner(const LineasOptions& options, RunFiles files)
    : options_(options), files_(std::move(files)) {
  parse_settings(options_, {});  // errors before any work
}

MapSet LineasLearner::learn(const Problem& problem, Progress& progress) {
  check_problem(problem);
  check_batch(options_, problem);
  const LineasSettings settings = parse_settings(
      options_,
      {.source = static_cast<int64_t>(problem.source_rows.size()),
       .target = static_cast<int64_t>(problem.target_rows.size()),
       .gives_text = gives_text(problem.drive)});
  Json provenance = problem.identity;
  provenance["method"] = "lineas";
  provenance["options"] = to_json(options_);
  RunKeeper keeper(files_, state_identity(provenance, problem));
  const Clock::time_point start = Clock::now();
  warn_of_rate(settings, options_);
  const auto prepared = set_up(settings, problem, progress, keeper, files_);
  LineasRun& run = *prepared;
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
