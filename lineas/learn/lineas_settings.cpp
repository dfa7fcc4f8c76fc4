#include "lineas/learn/lineas_settings.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "lineas/base/error.h"
#include "lineas/base/numbers.h"

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
  if (!(options.damage >= 0) || options.damage > kMostFloat)
    fail(ErrorKind::usage,
         "--damage {}: must be 0 or more, and a float32",
         options.damage);
  if (options.batch < 0)
    fail(ErrorKind::usage, "--batch {}: 0 or more", options.batch);
  if (options.micro_batch < 0)
    fail(ErrorKind::usage, "--micro-batch {}: 0 or more", options.micro_batch);
}

// What text is worth without a word of the user's, and the way that goes with
// it (docs/math.md, section 6, has the evidence).
constexpr double kUsualKeep = 10;
constexpr int64_t kGentleSteps = 30;
constexpr double kGentleRate = 0.02;

// The published optimizers, and auto, do what their names promise. A penalty
// has a way of its own, which was not tried beside a usual weight.
double parse_keep(const LineasOptions& options, bool is_usual) {
  if (options.keep == "auto") return is_usual ? kUsualKeep : 0;
  const double keep = parse_number<double>(options.keep).value_or(-1);
  if (!(keep >= 0) || keep > kMostFloat)
    fail(ErrorKind::usage,
         "--keep {}: must be auto, or a float32 of at least 0",
         options.keep);
  return keep;
}

// How long and how fast without a word of the user's.
struct Pace {
  int64_t steps;
  double rate;
};

// What the published program does, and what makes the most of a fifth of its
// time, or of less. A penalty's descent knows when it has settled.
Pace default_pace(bool is_white, bool is_gentle) {
  if (is_white) return {185, 0.14};
  return is_gentle ? Pace{kGentleSteps, kGentleRate} : Pace{1000, 1e-3};
}

}  // namespace

std::string LineasSettings::advice() const {
  return is_proximal ? "Try a larger penalty, or --dtype float32."
                     : fmt::format("Try a smaller --lr than {}.", lr);
}

// 29% of 100 neurons are 28.999999999999996 in floating point.
int64_t LineasSettings::budget_of(int64_t neurons) const {
  constexpr double kRounding = 1e-9;
  return std::max<int64_t>(
      1,
      static_cast<int64_t>(std::floor(
          support_budget * static_cast<double>(neurons) + kRounding)));
}

LineasSettings parse_settings(const LineasOptions& options,
                              const PromptCounts& counts) {
  check_options(options);
  const bool is_usual = options.optimizer == "gentle";
  const bool is_auto = is_usual || options.optimizer == "auto";
  const OtMatch match = parse_ot_match(options.ot_match);
  const bool draws_prompts =
      options.batch > 0 && options.batch != counts.source;
  const bool draws_matches =
      match == OtMatch::subsample && counts.source != counts.target;
  const Penalty penalty = parse_penalty(options);
  const double budget = parse_budget(options.support_budget);
  const bool is_sparse = !penalty.is_zero() || budget < 1;
  const bool is_proximal =
      is_auto && is_sparse && !draws_prompts && !draws_matches;
  const double keep =
      parse_keep(options, is_usual && counts.gives_text && !is_sparse);
  const bool is_gentle = is_auto && keep > 0 && !is_sparse;
  const bool is_white = is_auto && keep == 0 && !is_sparse;
  const Pace pace = default_pace(is_white, is_gentle);
  return {.chooses_optimizer = is_auto && keep == 0,
          .draws_prompts = draws_prompts,
          .is_proximal = is_proximal,
          .is_gentle = is_gentle,
          .optimizer = is_auto ? OptimizerKind::adam
                               : parse_optimizer(options.optimizer),
          .schedule = parse_schedule(options.schedule),
          .steps = options.steps > 0 ? options.steps : pace.steps,
          .refit_steps = options.refit_steps,
          .lr = options.lr > 0 ? options.lr : pace.rate,
          .chooses_rate = options.lr == 0,
          .batch = options.batch,
          .keep = keep,
          .damage = is_gentle ? options.damage : 0,
          .penalty = penalty,
          .support_budget = budget,
          .seed = static_cast<uint64_t>(options.seed),
          .loss = {.objective = {match,
                                 parse_loss_reduction(options.loss_reduction),
                                 static_cast<uint64_t>(options.seed)},
                   .response = {.reading = {parse_pooling(options.pool)},
                                .position = parse_position(options.position),
                                .micro_batch = options.micro_batch > 0
                                                   ? options.micro_batch
                                                   : options.batch}}};
}

}  // namespace lineas
