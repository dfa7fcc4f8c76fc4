#include "lineas/learn/lineas_run.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/seed.h"
#include "lineas/descent/first_order.h"
#include "lineas/descent/proximal.h"
#include "lineas/learn/allowed_length.h"

namespace lineas {
namespace {

// Where no penalty was given the search begins with an l1 of this share of what
// would hold every entry in its first step.
constexpr double kFirstShare = 0.1;
// All sites at once by a whole step each is a leap: the first steps of Adam
// have the size of the rate whatever the gradient.
constexpr int64_t kWhiteWarmup = 8;
// Gradients of white coordinates change quickly near the end of a descent.
constexpr double kWhiteBeta = 0.7;
// What a white gradient must reach to count as one: a share of the loss a
// neuron, so that neither the size of responses nor of models matters.
constexpr double kWhiteEpsilon = 1e-5;
// The same for steps that begin at the identity; slopes, which a few dozen
// prompts tell least of, follow shifts slowly.
constexpr int64_t kGentleWarmup = 4;
constexpr double kGentleTurnPace = 0.05;
// A site without a gradient stays where it is: of squares in float32.
constexpr double kGentleEpsilon = 1e-18;
int64_t count_neurons(const Problem& problem) {
  int64_t count = 0;
  for (const Place& place : problem.map_places)
    count += problem.drive.width_of(place);
  return count;
}

bool holds_numbers(const RunState& state) {
  return std::all_of(
      state.tensors.begin(), state.tensors.end(), [](const auto& named) {
        return named.second.isfinite().all().template item<bool>();
      });
}

MapLossOptions loss_options(const LineasSettings& settings,
                            const Problem& problem) {
  MapLossOptions options = settings.loss;
  options.response.by_segment = problem.by_segment;
  return options;
}

}  // namespace

LineasRun::LineasRun(const LineasSettings& settings,
                     const Problem& problem,
                     std::function<bool()> is_cancelled)
    : settings_(settings),
      drive_(problem.drive,
             [this, asked = std::move(is_cancelled)] {
               return asked && !is_between_trials_ && asked();
             }),
      problem_(with_drive(problem, drive_)),
      parameters_(problem.drive.sites(),
                  problem.map_places,
                  at::device(problem.device).dtype(at::kFloat)),
      loss_(problem_, parameters_, loss_options(settings, problem_)) {
  set_up();
}

void LineasRun::set_up() {
  const Tensor response_NW = loss_.respond_without_graph(problem_.source_rows);
  untouched_loss_ = loss_of(response_NW);
  // Steps of an optimizer that scales its gradient would make a map of the
  // rounding alone.
  if (loss_.is_met_by(response_NW)) {
    untouched_loss_ = 0;
    return;
  }
  if (settings_.keep > 0)
    keep_.emplace(problem_, parameters_, loss_.options().response);
  add_stages();
  begin_stage(0);
  // No steps are needed where the start meets the target already.
  if (white_ && white_->is_met) begin(std::nullopt);
}

void LineasRun::add_stages() {
  if (settings_.support_budget < 1) {
    search_.emplace(settings_.budget_of(count_neurons(problem_)),
                    first_factor());
    stages_.push_back(search_stage(settings_, *search_));
  } else {
    stages_.push_back(learn_stage(settings_));
  }
  if (settings_.refit_steps > 0)
    stages_.push_back(refit_stage(settings_, search()));
}

// Adam's steps have the size of the rate whatever the gradient: 1 holds all.
double LineasRun::first_factor() {
  if (!settings_.penalty.is_zero()) return 1;
  if (!settings_.is_proximal && settings_.optimizer == OptimizerKind::adam)
    return kFirstShare;
  loss_.require_finite(
      loss_.evaluate(rows_of_step(), 0), 0, settings_.advice());
  return kFirstShare * parameters_.gradient().abs().max().item<double>();
}

int64_t LineasRun::steps_expected() const {
  if (finished()) return t_;
  const bool has_refit = stage_ == 0 && settings_.refit_steps > 0;
  return begun_ + trial_.steps + (has_refit ? settings_.refit_steps : 0);
}

// False, and nothing left to try, where there is no trial.
bool LineasRun::begin(std::optional<Trial> trial) {
  descent_ = nullptr;
  if (!trial) return false;
  trial_ = std::move(*trial);
  begun_ = t_;
  descent_ = make_descent();
  return true;
}

// That stage, or the next one that has something to do.
void LineasRun::begin_stage(size_t number) {
  for (stage_ = number; stage_ < stages_.size(); ++stage_) {
    Standing here{parameters_, last_loss_};
    const bool has_begun = begin(stages_[stage_]->first(here));
    last_loss_ = white_ && begun_ == 0 ? white_->loss : here.loss;
    if (has_begun) return;
  }
}

std::unique_ptr<Descent> LineasRun::make_descent() {
  if (settings_.is_proximal) return make_proximal();
  if (settings_.chooses_optimizer && trial_.penalty.is_zero())
    return make_white();
  if (settings_.is_gentle) return make_gentle();
  return std::make_unique<FirstOrder>(
      parameters_,
      FirstOrderOptions{.optimizer = settings_.optimizer,
                        .schedule = settings_.schedule,
                        .lr = settings_.lr,
                        .steps = trial_.steps,
                        .penalty = trial_.penalty},
      trial_.free_P);
}

// From the identity, so the coordinates are those of the untouched model, in a
// resumed run too.
std::unique_ptr<Descent> LineasRun::make_gentle() {
  const std::vector<Tensor> source =
      record(problem_.drive,
             problem_.source_rows,
             problem_.map_places,
             {.reading = settings_.loss.response.reading,
              .micro_batch = settings_.loss.response.micro_batch});
  return std::make_unique<FirstOrder>(
      parameters_,
      FirstOrderOptions{
          .optimizer = settings_.optimizer,
          .schedule = settings_.schedule,
          .lr = settings_.lr,
          .steps = trial_.steps,
          .warmup = kGentleWarmup,
          .epsilon = kGentleEpsilon,
          .penalty = trial_.penalty,
          .whitening = Whitening(source, parameters_, kGentleTurnPace)},
      trial_.free_P);
}

std::unique_ptr<Descent> LineasRun::make_white() {
  return std::make_unique<FirstOrder>(
      parameters_,
      FirstOrderOptions{.optimizer = settings_.optimizer,
                        .schedule = settings_.schedule,
                        .lr = settings_.lr,
                        .steps = trial_.steps,
                        .warmup = kWhiteWarmup,
                        .second_beta = kWhiteBeta,
                        .epsilon = kWhiteEpsilon * untouched_loss_ /
                                   static_cast<double>(count_neurons(problem_)),
                        .whitening = white_start().whitening},
      trial_.free_P);
}

std::unique_ptr<Descent> LineasRun::make_proximal() {
  if (scale_sizes_.empty()) scale_sizes_ = measure_scale_sizes();
  return std::make_unique<ProximalGradient>(
      parameters_,
      scale_sizes_,
      ProximalOptions{.penalty = trial_.penalty},
      trial_.free_P);
}

// Moves the maps to where learning starts, once.
const WarmStart& LineasRun::white_start() {
  if (!white_)
    white_ = warm_start(problem_, loss_, parameters_, untouched_loss_);
  return *white_;
}

std::vector<double> LineasRun::measure_scale_sizes() {
  std::vector<double> sizes;
  for (const Tensor& source_ND :
       record(problem_.drive,
              problem_.source_rows,
              problem_.map_places,
              {.reading = settings_.loss.response.reading,
              .micro_batch = settings_.loss.response.micro_batch}))
    sizes.push_back(source_ND.square().mean().item<double>());
  return sizes;
}

double LineasRun::loss_of(const Tensor& response_NW) {
  const ObjectiveValue value = loss_.compare(response_NW, t_);
  loss_.require_finite(value, t_, settings_.advice());
  return value.loss;
}

// An endless reshuffled cycle over all source rows, a function of seed and step
// alone so that a resumed run draws the same.
std::vector<int64_t> LineasRun::rows_of_step() const {
  const std::vector<int64_t>& all = problem_.source_rows;
  if (!settings_.draws_prompts) return all;
  const auto total = static_cast<int64_t>(all.size());
  const int64_t batches = total / settings_.batch;
  const uint64_t epoch = static_cast<uint64_t>(t_ / batches);
  const std::vector<int64_t> order =
      Random(derive_seed(settings_.seed, {epoch})).permutation(total);
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < settings_.batch; ++i)
    rows.push_back(all[order[(t_ % batches) * settings_.batch + i]]);
  return rows;
}

// Matching, and with --keep what it costs: the loss that steps go down.
ObjectiveValue LineasRun::evaluate() {
  ObjectiveValue value = loss_.evaluate(rows_of_step(), t_);
  last_loss_ = value.loss;
  if (!keep_) return value;
  const double weight = settings_.keep * untouched_loss_;
  departure_ = keep_->add_gradient(weight);
  value.loss += weight * departure_;
  last_total_ = value.loss;
  return value;
}

ObjectiveValue LineasRun::step() {
  rate_ = descent_->rate(t_ - begun_);
  const ObjectiveValue value =
      descent_->step(t_ - begun_, [this] { return evaluate(); });
  loss_.require_finite(value, t_, settings_.advice());
  check_maps();
  if (!keep_) last_loss_ = value.loss;
  ++t_;
  if (t_ - begun_ >= trial_.steps || descent_->finished()) {
    is_between_trials_ = true;
    end_trial();
    is_between_trials_ = false;
  }
  return value;
}

// Finds a gradient that overflowed behind a finite loss, too.
void LineasRun::check_maps() const {
  if (parameters_.values().isfinite().all().item<bool>()) return;
  for (size_t number = 0; number < parameters_.places().size(); ++number)
    if (!parameters_.scale_D(number).isfinite().all().item<bool>() ||
        !parameters_.shift_D(number).isfinite().all().item<bool>())
      fail(ErrorKind::numeric,
           "step {}: the map of site \"{}\" is no longer finite. {}",
           t_ + 1,
           problem_.drive.name_of(parameters_.places()[number]),
           settings_.advice());
}

void LineasRun::end_trial() {
  const auto best = descent_->finish();
  if (best && !keep_) last_loss_ = *best;
  if (settings_.draws_prompts)
    last_loss_ = loss_of(loss_.respond_without_graph(problem_.source_rows));
  if (stage_ == 0 && white_ && last_loss_ > white_->loss) {
    parameters_.values().copy_(white_->values_P);
    last_loss_ = white_->loss;
    fell_back_ = true;
  }
  if (stage_ == 0 && settings_.is_gentle) {
    if (last_total_ > untouched_loss_)
      go_back();
    else if (settings_.damage > 0)
      go_further();
  }
  Standing here{parameters_, last_loss_};
  const std::optional<Trial> next = stages_[stage_]->next(here);
  last_loss_ = here.loss;
  if (!begin(next)) begin_stage(stage_ + 1);
}

// The steps cost more than they gained, at their end still.
void LineasRun::go_back() {
  parameters_.values().copy_(parameters_.identity());
  last_loss_ = untouched_loss_;
  departure_ = 0;
  fell_back_ = true;
}

void LineasRun::go_further() {
  const c10::NoGradGuard no_gradients;
  const Tensor way_P = parameters_.values() - parameters_.identity();
  const WayOut way{
      .go =
          [&](double length) {
            parameters_.values().copy_(parameters_.identity() + length * way_P);
          },
      .matching =
          [&] {
            return loss_of(loss_.respond_without_graph(problem_.source_rows));
          },
      .departure = [&] { return keep_->measure(); }};
  length_ = go_as_far_as_allowed(
      way, untouched_loss_, settings_.damage * keep_->uncertainty());
  departure_ = way.departure();
  last_loss_ = way.matching();
}

MapSet LineasRun::result() const {
  MapSet set = parameters_.to_map_set(problem_.drive.sites());
  set.rules.position = settings_.loss.response.position;
  return set;
}

Json LineasRun::findings() const {
  Json findings = {{"support", support()},
                   {"neurons", count_neurons(problem_)},
                   {"untouched_loss", untouched_loss_},
                   {"loss", last_loss_}};
  if (keep_) findings["departure"] = departure_;
  if (length_ > 0) findings["length"] = length_;
  if (!settings_.is_proximal && settings_.chooses_rate)
    findings["lr"] = settings_.lr;
  if (!search_) return findings;
  const Penalty found = found_penalty(settings_, search());
  findings["penalty"] = {{"l1", {found.l1_scale, found.l1_shift}},
                         {"group", {found.group_scale, found.group_shift}}};
  findings["path"] = search_->path();
  return findings;
}

RunState LineasRun::state() const {
  RunState state;
  if (descent_) state.tensors = descent_->state();
  state.tensors.emplace_back("maps", parameters_.values());
  state.tensors.emplace_back(
      "stage",
      at::tensor({static_cast<int64_t>(stage_), t_, begun_}, at::kLong));
  if (settings_.refit_steps > 0)
    state.tensors.emplace_back("free",
                               trial_.free_P.defined()
                                   ? trial_.free_P.to(at::kByte)
                                   : at::ones({parameters_.size()}, at::kByte));
  if (search_)
    for (auto& named : search_->state(parameters_.values()))
      state.tensors.push_back(std::move(named));
  return state;
}

bool LineasRun::restore(const RunState& state) {
  if (!holds_numbers(state)) return false;
  const std::map<std::string, Tensor> tensors(state.tensors.begin(),
                                              state.tensors.end());
  const Tensor stage = tensors.at("stage");
  const int64_t number = stage[0].item<int64_t>();
  t_ = stage[1].item<int64_t>();
  begun_ = stage[2].item<int64_t>();
  const auto count = static_cast<int64_t>(stages_.size());
  if (number < 0 || number >= count || begun_ < 0 || t_ < begun_) return false;
  stage_ = static_cast<size_t>(number);
  if (search_ && !search_->restore(tensors)) return false;
  Tensor free_P;
  if (stage_ > 0)
    free_P = tensors.at("free").to(parameters_.values().device(), at::kBool);
  trial_ = stages_[stage_]->resumed(free_P);
  descent_ = make_descent();
  descent_->restore(tensors);
  parameters_.values().copy_(tensors.at("maps"));
  return true;
}

}  // namespace lineas
