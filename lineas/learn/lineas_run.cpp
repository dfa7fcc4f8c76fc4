#include "lineas/learn/lineas_run.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/seed.h"
#include "lineas/descent/first_order.h"
#include "lineas/descent/proximal.h"
#include "lineas/learn/warm_start.h"
#include "lineas/tap/recorder.h"

namespace lineas {
namespace {

// Trials behind the first one start where the last one ended, so they are
// shorter.
constexpr int64_t kTrialShare = 4;
constexpr int64_t kLeastTrial = 10;
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

Penalty times(const Penalty& penalty, double factor) {
  return {penalty.l1_scale * factor,
          penalty.l1_shift * factor,
          penalty.group_scale * factor,
          penalty.group_shift * factor};
}

int64_t count_neurons(const Problem& problem) {
  int64_t count = 0;
  for (const SiteIndex site : problem.map_sites)
    count += problem.drive.sites()[site].width;
  return count;
}

bool holds_numbers(const RunState& state) {
  return std::all_of(
      state.tensors.begin(), state.tensors.end(), [](const auto& named) {
        return named.second.isfinite().all().template item<bool>();
      });
}

}  // namespace

LineasRun::LineasRun(const LineasSettings& settings,
                     const Problem& problem,
                     std::function<bool()> is_cancelled)
    : settings_(settings),
      problem_(problem),
      is_cancelled_([this, asked = std::move(is_cancelled)] {
        return asked && !is_ending_stage_ && asked();
      }),
      parameters_(problem.drive.sites(), problem.map_sites, problem.device),
      loss_(problem, parameters_, loss_options()) {
  const Tensor response_NW = loss_.respond_without_graph(problem.source_rows);
  untouched_loss_ = loss_of(response_NW);
  // Steps of an optimizer that scales its gradient would make a map of the
  // rounding alone.
  if (loss_.is_met_by(response_NW)) {
    untouched_loss_ = 0;
    begin(Stage::done);
    return;
  }
  if (settings.support_budget < 1)
    search_.emplace(settings.budget_of(count_neurons(problem)), first_factor());
  begin(Stage::learn);
  if (is_met_) begin(Stage::done);
}

MapLossOptions LineasRun::loss_options() const {
  MapLossOptions options = settings_.loss;
  options.is_cancelled = is_cancelled_;
  return options;
}

// The penalty asked for, or an l1 where there is none, so many times.
Penalty LineasRun::penalty_at(double factor) const {
  const Penalty shape = settings_.penalty.is_zero()
                            ? Penalty{.l1_scale = 1, .l1_shift = 1}
                            : settings_.penalty;
  return times(shape, factor);
}

Penalty LineasRun::penalty() const {
  if (!search_) return settings_.penalty;
  return penalty_at(search_->finished() ? search_->found_factor()
                                        : search_->factor());
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

int64_t LineasRun::stage_steps() const {
  if (stage_ == Stage::refit) return settings_.refit_steps;
  const bool is_later_trial = search_ && begun_ > 0;
  return is_later_trial ? std::max(kLeastTrial, settings_.steps / kTrialShare)
                        : settings_.steps;
}

int64_t LineasRun::steps_expected() const {
  const int64_t refit = stage_ == Stage::learn ? settings_.refit_steps : 0;
  return finished() ? t_ : begun_ + stage_steps() + refit;
}

std::unique_ptr<Descent> LineasRun::make_descent() {
  if (settings_.is_proximal) return make_proximal();
  FirstOrderOptions options{.optimizer = settings_.optimizer,
                            .schedule = settings_.schedule,
                            .lr = settings_.lr,
                            .steps = stage_steps(),
                            .penalty = penalty()};
  if (settings_.chooses_optimizer && options.penalty.is_zero()) {
    if (!whitening_) whitening_ = start();
    options.whitening = whitening_;
    options.warmup = kWhiteWarmup;
    options.second_beta = kWhiteBeta;
    options.epsilon = kWhiteEpsilon * untouched_loss_ /
                      static_cast<double>(count_neurons(problem_));
  }
  return std::make_unique<FirstOrder>(parameters_, options, free_P_);
}

double LineasRun::loss_of(const Tensor& response_NW) {
  const ObjectiveValue value = loss_.compare(response_NW, t_);
  loss_.require_finite(value, t_, settings_.advice());
  return value.loss;
}

// Of the present maps.
double LineasRun::loss_of_all() {
  return loss_of(loss_.respond_without_graph(problem_.source_rows));
}

// At the closed form unless the identity is better. No steps are needed where
// that meets the target already.
Whitening LineasRun::start() {
  const c10::NoGradGuard no_gradients;
  start_P_ = parameters_.values().clone();
  start_loss_ = untouched_loss_;
  Whitening whitening = warm_start(problem_,
                                   loss_.reached(),
                                   {.pooling = settings_.loss.pooling,
                                    .position = settings_.loss.position,
                                    .micro_batch = settings_.loss.micro_batch,
                                    .is_cancelled = is_cancelled_},
                                   parameters_);
  const Tensor response_NW = loss_.respond_without_graph(problem_.source_rows);
  const double loss = loss_.compare(response_NW, t_).loss;
  if (loss < start_loss_) {
    start_P_ = parameters_.values().clone();
    start_loss_ = last_loss_ = loss;
    is_met_ = loss_.is_met_by(response_NW);
  }
  parameters_.values().copy_(start_P_);
  return whitening;
}

const std::vector<double>& LineasRun::scale_sizes() {
  if (!scale_sizes_.empty()) return scale_sizes_;
  for (const Tensor& source_ND :
       record(problem_.drive,
              problem_.source_rows,
              problem_.map_sites,
              {.pooling = settings_.loss.pooling,
              .micro_batch = settings_.loss.micro_batch,
              .is_cancelled = is_cancelled_}))
    scale_sizes_.push_back(source_ND.square().mean().item<double>());
  return scale_sizes_;
}

// A refit is there to undo the shrinking, so it goes without the penalty.
std::unique_ptr<Descent> LineasRun::make_proximal() {
  const Penalty none;
  return std::make_unique<ProximalGradient>(
      parameters_,
      scale_sizes(),
      ProximalOptions{.penalty = stage_ == Stage::refit ? none : penalty()},
      free_P_);
}

void LineasRun::begin(Stage stage) {
  stage_ = stage;
  begun_ = t_;
  descent_ = stage == Stage::done ? nullptr : make_descent();
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

ObjectiveValue LineasRun::step() {
  rate_ = descent_->rate(t_ - begun_);
  const ObjectiveValue value = descent_->step(
      t_ - begun_, [this] { return loss_.evaluate(rows_of_step(), t_); });
  loss_.require_finite(value, t_, settings_.advice());
  check_maps();
  last_loss_ = value.loss;
  ++t_;
  if (t_ - begun_ >= stage_steps() || descent_->finished()) {
    // Not to be stopped: no state leads on from half of it.
    is_ending_stage_ = true;
    end_stage();
    is_ending_stage_ = false;
  }
  return value;
}

// Finds a gradient that overflowed behind a finite loss, too.
void LineasRun::check_maps() const {
  if (parameters_.values().isfinite().all().item<bool>()) return;
  for (size_t place = 0; place < parameters_.sites().size(); ++place)
    if (!parameters_.scale_D(place).isfinite().all().item<bool>() ||
        !parameters_.shift_D(place).isfinite().all().item<bool>())
      fail(ErrorKind::numeric,
           "step {}: the map of site \"{}\" is no longer finite. {}",
           t_ + 1,
           problem_.drive.sites()[parameters_.sites()[place]].name,
           settings_.advice());
}

void LineasRun::end_stage() {
  const bool is_learning = stage_ == Stage::learn;
  last_loss_ = descent_->finish().value_or(last_loss_);
  if (settings_.draws_prompts) last_loss_ = loss_of_all();
  if (is_learning && start_P_.defined() && last_loss_ > start_loss_) {
    parameters_.values().copy_(start_P_);
    last_loss_ = start_loss_;
    fell_back_ = true;
  }
  if (is_learning && search_) {
    search_->note(support(), last_loss_, parameters_.values());
    if (!search_->finished()) {
      parameters_.values().copy_(search_->start_P());
      return begin(Stage::learn);
    }
    if (search_->best_P().defined()) {
      parameters_.values().copy_(search_->best_P());
      last_loss_ = search_->best_loss();
    }
  }
  if (is_learning && settings_.refit_steps > 0) {
    freeze();
    // Where nothing is free, steps would cost what they cost and move nothing.
    return begin(free_P_.any().item<bool>() ? Stage::refit : Stage::done);
  }
  begin(Stage::done);
}

// Entries outside the support become the identity, exactly, and stay so.
void LineasRun::freeze() {
  const c10::NoGradGuard no_gradients;
  Tensor& values_P = parameters_.values();
  const Tensor identity_P = parameters_.identity();
  free_P_ = (values_P - identity_P).abs() > kSupportThreshold;
  values_P.copy_(at::where(free_P_, values_P, identity_P));
}

std::optional<SupportJump> LineasRun::support_jump() const {
  return search_ ? search_->jump() : std::nullopt;
}

MapSet LineasRun::result() const {
  MapSet set = parameters_.to_map_set(problem_.drive.sites());
  set.rules.position = settings_.loss.position;
  return set;
}

Json LineasRun::findings() const {
  Json findings = {{"support", support()},
                   {"neurons", count_neurons(problem_)},
                   {"untouched_loss", untouched_loss_},
                   {"loss", last_loss_}};
  if (!settings_.is_proximal && settings_.chooses_rate)
    findings["lr"] = settings_.lr;
  if (!search_) return findings;
  const Penalty found = penalty();
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
                               free_P_.defined()
                                   ? free_P_.to(at::kByte)
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
  stage_ = static_cast<Stage>(stage[0].item<int64_t>());
  t_ = stage[1].item<int64_t>();
  begun_ = stage[2].item<int64_t>();
  const bool is_unfinished =
      stage_ == Stage::learn ||
      (stage_ == Stage::refit && settings_.refit_steps > 0);
  if (!is_unfinished || begun_ < 0 || t_ < begun_) return false;
  if (stage_ == Stage::refit)
    free_P_ = tensors.at("free").to(parameters_.values().device(), at::kBool);
  if (search_ && !search_->restore(tensors)) return false;
  descent_ = make_descent();
  descent_->restore(tensors);
  parameters_.values().copy_(tensors.at("maps"));
  return true;
}

}  // namespace lineas
