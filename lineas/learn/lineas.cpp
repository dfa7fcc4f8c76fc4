#include "lineas/learn/lineas.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/seed.h"
#include "lineas/learn/methods.h"
#include "lineas/learn/parameters.h"
#include "lineas/learn/run_state.h"
#include "lineas/tap/recorder.h"

namespace lineas {
namespace {

// Maps are float32, and so is whatever scales them.
constexpr double kMostFloat = std::numeric_limits<float>::max();

double parse_weight(const std::string& text, const char* option) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !(value >= 0) ||
      value > kMostFloat)
    fail(ErrorKind::usage,
         "--{} {}: a weight must be a number of at least 0",
         option,
         text);
  return value;
}

// "X" or "X,Y".
std::pair<double, double> parse_weights(const std::string& text,
                                        const char* option) {
  const size_t comma = text.find(',');
  const double scale = parse_weight(text.substr(0, comma), option);
  if (comma == std::string::npos) return {scale, scale};
  return {scale, parse_weight(text.substr(comma + 1), option)};
}

Penalty parse_penalty(const LineasOptions& options) {
  Penalty penalty;
  std::tie(penalty.l1_scale, penalty.l1_shift) =
      parse_weights(options.l1, "l1");
  std::tie(penalty.group_scale, penalty.group_shift) =
      parse_weights(options.group, "group");
  return penalty;
}

// The options' words as what they mean.
struct Settings {
  OptimizerKind optimizer;
  Schedule schedule;
  Penalty penalty;
  ObjectiveOptions objective;
  Pooling pooling;
  Position position;
};

Settings parse_settings(const LineasOptions& options) {
  return {.optimizer = parse_optimizer(options.optimizer),
          .schedule = parse_schedule(options.schedule),
          .penalty = parse_penalty(options),
          .objective = {parse_ot_match(options.ot_match),
                        parse_loss_reduction(options.loss_reduction),
                        static_cast<uint64_t>(options.seed)},
          .pooling = parse_pooling(options.pool),
          .position = parse_position(options.position)};
}

// Rows of one recording call, in micro-batches: without a graph a call holds
// the activations of one layer, so four times the rows still take less memory
// than one micro-batch with its graph, and make larger, faster products.
constexpr int64_t kRecordFactor = 4;

// One learning run: what stays the same over its steps, and the maps.
class Run {
 public:
  Run(const LineasOptions& options, const Problem& problem);

  RunState state() const;
  void restore(const RunState& state);

  /// Loss and gradient at the present maps, then one update.
  ObjectiveValue step(int64_t t);
  double rate(int64_t t) const;
  int64_t support() const { return parameters_.support(); }
  MapSet result() const;

 private:
  using Rows = std::vector<int64_t>;

  Rows rows_of_step(int64_t t) const;
  Tensor respond(std::span<const int64_t> rows);
  Tensor respond_without_graph(const Rows& rows);
  ObjectiveValue evaluate(const Tensor& response_NW, int64_t t);
  ObjectiveValue gradient(const Rows& rows, int64_t t);
  void update(int64_t t);
  void check_maps(int64_t t) const;
  void report_unreached(int64_t visited);

  const LineasOptions& options_;
  const Problem& problem_;
  Settings settings_;
  AffineParameters parameters_;
  Optimizer optimizer_;
  MatchObjective objective_;
  bool reported_ = false;
};

std::vector<Tensor> record_target(const LineasOptions& options,
                                  const Problem& problem) {
  return record(problem.drive,
                problem.target_rows,
                problem.match_sites,
                {.pooling = parse_pooling(options.pool),
                 .micro_batch = kRecordFactor * options.micro_batch});
}

Run::Run(const LineasOptions& options, const Problem& problem)
    : options_(options),
      problem_(problem),
      settings_(parse_settings(options)),
      parameters_(problem.drive.sites(), problem.map_sites, problem.device),
      optimizer_(settings_.optimizer, parameters_.size(), problem.device),
      objective_(record_target(options, problem), settings_.objective) {}

RunState Run::state() const {
  RunState state;
  state.tensors = optimizer_.state();
  state.tensors.emplace_back("maps", parameters_.values());
  return state;
}

void Run::restore(const RunState& state) {
  const std::map<std::string, Tensor> tensors(state.tensors.begin(),
                                              state.tensors.end());
  optimizer_.restore(tensors);
  parameters_.values().copy_(tensors.at("maps"));
}

double Run::rate(int64_t t) const {
  return learning_rate(settings_.schedule, options_.lr, t, options_.steps);
}

// An endless reshuffled cycle over all source rows, a function of seed and step
// alone so that a resumed run draws the same.
Run::Rows Run::rows_of_step(int64_t t) const {
  const Rows& all = problem_.source_rows;
  const int64_t total = static_cast<int64_t>(all.size());
  if (options_.batch == 0 || options_.batch == total) return all;
  const int64_t batches = total / options_.batch;
  const uint64_t epoch = static_cast<uint64_t>(t / batches);
  const Rows order =
      Random(derive_seed(options_.seed, {epoch})).permutation(total);
  Rows rows;
  for (int64_t i = 0; i < options_.batch; ++i)
    rows.push_back(all[order[(t % batches) * options_.batch + i]]);
  return rows;
}

// All rows but the last `size`, and those; 0 counts all as last.
std::pair<std::vector<int64_t>, std::vector<int64_t>> split_last(
    const std::vector<int64_t>& rows, int64_t size) {
  const auto total = static_cast<int64_t>(rows.size());
  const auto middle = rows.end() - (size == 0 ? total : std::min(size, total));
  return {{rows.begin(), middle}, {middle, rows.end()}};
}

// The pooled responses of these rows with the present maps, the matched sites
// side by side.
Tensor Run::respond(std::span<const int64_t> rows) {
  TrainingTap maps(parameters_, settings_.position);
  PooledRecorder recorder(problem_.match_sites, settings_.pooling);
  ChainTap chain({&maps, &recorder});
  problem_.drive.run(rows, chain);
  report_unreached(maps.visited());
  return at::cat(recorder.pooled(), 1);
}

void Run::report_unreached(int64_t visited) {
  if (reported_) return;
  reported_ = true;
  const int64_t mapped = static_cast<int64_t>(problem_.map_sites.size());
  if (visited == 0)
    fail(ErrorKind::usage,
         "all {} mapped sites lie behind the last matched site: there is "
         "nothing to learn. Match a later site (--match).",
         mapped);
  if (visited < mapped)
    log_warning(
        "{} of {} mapped sites lie behind the last matched site: they stay "
        "the identity",
        mapped - visited,
        mapped);
}

Tensor Run::respond_without_graph(const Rows& rows) {
  const c10::NoGradGuard no_gradients;
  const size_t size = kRecordFactor * options_.micro_batch;
  std::vector<Tensor> parts;
  for (size_t begin = 0; begin < rows.size(); begin += size)
    parts.push_back(respond(std::span(rows).subspan(begin).first(
        std::min(size, rows.size() - begin))));
  return at::cat(parts);
}

ObjectiveValue Run::evaluate(const Tensor& response_NW, int64_t t) {
  const c10::NoGradGuard no_gradients;
  ObjectiveValue value = objective_.evaluate(response_NW, t);
  for (size_t s = 0; s < value.site_loss.size(); ++s)
    if (!std::isfinite(value.site_loss[s]))
      fail(ErrorKind::numeric,
           "step {}: the loss at site \"{}\" is {}. {}",
           t + 1,
           problem_.drive.sites()[problem_.match_sites[s]].name,
           value.site_loss[s],
           t > 0 ? fmt::format("Try a smaller --lr than {}.", options_.lr)
                 : "Are the weights up to here sound, and is the dtype wide "
                   "enough (try --dtype float32)?");
  return value;
}

// Sends d loss / d response backward through the graph of the response.
void backward(const Tensor& response_NW, const Tensor& gradient_NW) {
  if (response_NW.requires_grad()) response_NW.backward(gradient_NW);
}

// The memory of one piece gives the gradient of all: every response first, then
// the loss gradient for them, then every piece backward with its share. Only
// the last piece keeps its graph from the first time; the others run again.
ObjectiveValue Run::gradient(const Rows& rows, int64_t t) {
  const auto [replayed, last] = split_last(rows, options_.micro_batch);
  std::vector<Tensor> recorded;
  if (!replayed.empty()) recorded.push_back(respond_without_graph(replayed));
  Tensor kept_MW = respond(last);
  recorded.push_back(kept_MW.detach());
  const ObjectiveValue value = evaluate(at::cat(recorded), t);
  const auto count = static_cast<int64_t>(replayed.size());
  backward(kept_MW, value.gradient_NW.slice(0, count));
  kept_MW = Tensor();
  for (int64_t begin = 0; begin < count; begin += options_.micro_batch) {
    const int64_t end = std::min(count, begin + options_.micro_batch);
    const std::span piece(replayed.data() + begin, end - begin);
    backward(respond(piece), value.gradient_NW.slice(0, begin, end));
  }
  return value;
}

void Run::update(int64_t t) {
  const c10::NoGradGuard no_gradients;
  const double rate = this->rate(t);
  optimizer_.step(parameters_.values(), parameters_.gradient(), rate);
  check_maps(t);
  if (settings_.penalty.is_zero()) return;
  for (size_t place = 0; place < parameters_.sites().size(); ++place)
    apply_prox(parameters_.scale_D(place).detach(),
               parameters_.shift_D(place).detach(),
               settings_.penalty,
               rate);
}

// Finds a gradient that overflowed behind a finite loss, too.
void Run::check_maps(int64_t t) const {
  if (parameters_.values().isfinite().all().item<bool>()) return;
  for (size_t place = 0; place < parameters_.sites().size(); ++place)
    if (!parameters_.scale_D(place).isfinite().all().item<bool>() ||
        !parameters_.shift_D(place).isfinite().all().item<bool>())
      fail(ErrorKind::numeric,
           "step {}: the map of site \"{}\" is no longer finite. Try a "
           "smaller --lr than {}.",
           t + 1,
           problem_.drive.sites()[parameters_.sites()[place]].name,
           options_.lr);
}

ObjectiveValue Run::step(int64_t t) {
  const Rows rows = rows_of_step(t);
  parameters_.clear_gradient();
  const ObjectiveValue value = gradient(rows, t);
  update(t);
  return value;
}

MapSet Run::result() const {
  MapSet set = parameters_.to_map_set(problem_.drive.sites());
  set.rules.position = settings_.position;
  return set;
}

void check_options(const LineasOptions& options) {
  parse_settings(options);
  if (options.steps < 1)
    fail(ErrorKind::usage, "--steps {}: at least 1", options.steps);
  if (!(options.lr > 0) || options.lr > kMostFloat)
    fail(ErrorKind::usage,
         "--lr {}: must be positive, and a float32",
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

}  // namespace

LineasLearner::LineasLearner(const LineasOptions& options, RunFiles files)
    : options_(options), files_(std::move(files)) {
  check_options(options_);
}

MapSet LineasLearner::learn(const Problem& problem, Progress& progress) {
  check_problem(problem);
  check_batch(options_, problem);
  Json identity = problem.identity;
  identity["method"] = "lineas";
  identity["options"] = to_json(options_);
  RunKeeper keeper(files_, state_identity(identity, problem));
  Run run(options_, problem);
  if (const auto saved = keeper.load(run.state())) run.restore(*saved);
  const InterruptGuard guard;
  progress.begin("learning", options_.steps, keeper.steps_done());
  keeper.begin_log();
  for (int64_t t = keeper.steps_done(); t < options_.steps; ++t) {
    const auto start = std::chrono::steady_clock::now();
    const ObjectiveValue value = run.step(t);
    const std::chrono::duration<double> spent =
        std::chrono::steady_clock::now() - start;
    keeper.add_step({.loss = value.loss,
                     .site_loss = value.site_loss,
                     .rate = run.rate(t),
                     .support = files_.log.empty() ? 0 : run.support(),
                     .seconds = spent.count()});
    progress.update(
        t + 1, fmt::format("loss {:.5g} lr {:.3g}", value.loss, run.rate(t)));
    keeper.save_if_due(t + 1 < options_.steps, [&run] { return run.state(); });
  }
  progress.end();
  MapSet set = run.result();
  set.provenance = identity;
  set.provenance["loss"] = keeper.losses();
  return set;
}

Method method_lineas() {
  return make_method<LineasOptions, LineasLearner>();
}

}  // namespace lineas
