#include "lineas/learn/lineas.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/seed.h"
#include "lineas/learn/parameters.h"
#include "lineas/learn/run_state.h"
#include "lineas/tap/recorder.h"

namespace lineas {
namespace {

double parse_weight(const std::string& text, const char* option) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !(value >= 0) ||
      !std::isfinite(value))
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

ObjectiveOptions objective_options(const LineasOptions& options) {
  return {parse_ot_match(options.ot_match),
          parse_loss_reduction(options.loss_reduction),
          static_cast<uint64_t>(options.seed)};
}

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
  std::vector<Tensor> respond(std::span<const int64_t> rows);
  std::vector<Tensor> respond_without_graph(const std::vector<Rows>& pieces);
  ObjectiveValue evaluate(const std::vector<Tensor>& responses, int64_t t);
  ObjectiveValue gradient_at_once(const Rows& rows, int64_t t);
  ObjectiveValue gradient_by_replay(const std::vector<Rows>& pieces, int64_t t);
  void update(int64_t t);
  void report_unreached(int64_t visited);

  const LineasOptions& options_;
  const Problem& problem_;
  Pooling pooling_;
  Position position_;
  Schedule schedule_;
  Penalty penalty_;
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
                 .micro_batch = options.micro_batch});
}

Run::Run(const LineasOptions& options, const Problem& problem)
    : options_(options),
      problem_(problem),
      pooling_(parse_pooling(options.pool)),
      position_(parse_position(options.position)),
      schedule_(parse_schedule(options.schedule)),
      penalty_(parse_penalty(options)),
      parameters_(problem.drive.sites(), problem.map_sites, problem.device),
      optimizer_(parse_optimizer(options.optimizer),
                 parameters_.size(),
                 problem.device),
      objective_(record_target(options, problem), objective_options(options)) {}

RunState Run::state() const {
  RunState state;
  state.tensors = optimizer_.state();
  state.tensors.emplace_back("maps",
                             const_cast<Run*>(this)->parameters_.values());
  return state;
}

void Run::restore(const RunState& state) {
  std::map<std::string, Tensor> tensors(state.tensors.begin(),
                                        state.tensors.end());
  optimizer_.restore(tensors);
  parameters_.values().copy_(tensors.at("maps"));
}

double Run::rate(int64_t t) const {
  return learning_rate(schedule_, options_.lr, t, options_.steps);
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

std::vector<std::vector<int64_t>> split(const std::vector<int64_t>& rows,
                                        int64_t size) {
  std::vector<std::vector<int64_t>> pieces;
  for (size_t begin = 0; begin < rows.size(); begin += size) {
    const size_t end = std::min(rows.size(), begin + size);
    pieces.emplace_back(rows.begin() + begin, rows.begin() + end);
  }
  return pieces;
}

// The pooled responses of these rows with the present maps.
std::vector<Tensor> Run::respond(std::span<const int64_t> rows) {
  TrainingTap maps(parameters_, position_);
  PooledRecorder recorder(problem_.match_sites, pooling_);
  ChainTap chain({&maps, &recorder});
  problem_.drive.run(rows, chain);
  report_unreached(maps.visited());
  return recorder.pooled();
}

void Run::report_unreached(int64_t visited) {
  const int64_t mapped = static_cast<int64_t>(problem_.map_sites.size());
  if (!reported_ && visited < mapped)
    log_warning(
        "{} of {} mapped sites lie behind the last matched site: they stay "
        "the identity",
        mapped - visited,
        mapped);
  reported_ = true;
}

std::vector<Tensor> Run::respond_without_graph(
    const std::vector<Rows>& pieces) {
  const c10::NoGradGuard no_gradients;
  std::vector<std::vector<Tensor>> parts(problem_.match_sites.size());
  for (const Rows& piece : pieces) {
    const std::vector<Tensor> pooled = respond(piece);
    for (size_t s = 0; s < parts.size(); ++s) parts[s].push_back(pooled[s]);
  }
  std::vector<Tensor> responses;
  for (const auto& part : parts) responses.push_back(at::cat(part));
  return responses;
}

ObjectiveValue Run::evaluate(const std::vector<Tensor>& responses, int64_t t) {
  const c10::NoGradGuard no_gradients;
  ObjectiveValue value = objective_.evaluate(responses, t);
  if (std::isfinite(value.loss)) return value;
  for (size_t s = 0; s < responses.size(); ++s)
    check_finite(responses[s],
                 problem_.drive.sites()[problem_.match_sites[s]],
                 "the response of the source prompts");
  fail(ErrorKind::numeric,
       "the loss of step {} is {}: try a smaller --lr than {}",
       t + 1,
       value.loss,
       options_.lr);
}

// Sends d loss / d response backward through the graph of the responses.
void backward(const std::vector<Tensor>& responses,
              const std::vector<Tensor>& gradients) {
  Tensor sum = at::zeros({}, responses[0].options());
  for (size_t s = 0; s < responses.size(); ++s)
    sum = sum + (responses[s] * gradients[s]).sum();
  if (sum.requires_grad()) sum.backward();
}

ObjectiveValue Run::gradient_at_once(const Rows& rows, int64_t t) {
  const std::vector<Tensor> responses = respond(rows);
  ObjectiveValue value = evaluate(responses, t);
  backward(responses, value.gradient_ND);
  return value;
}

// The same gradient at the memory of one piece: all responses without a graph,
// the loss gradient for them once, then every piece again with its share.
ObjectiveValue Run::gradient_by_replay(const std::vector<Rows>& pieces,
                                       int64_t t) {
  const ObjectiveValue value = evaluate(respond_without_graph(pieces), t);
  int64_t begin = 0;
  for (const Rows& piece : pieces) {
    const int64_t count = static_cast<int64_t>(piece.size());
    std::vector<Tensor> shares;
    for (const Tensor& gradient_ND : value.gradient_ND)
      shares.push_back(gradient_ND.narrow(0, begin, count));
    backward(respond(piece), shares);
    begin += count;
  }
  return value;
}

void Run::update(int64_t t) {
  const c10::NoGradGuard no_gradients;
  const double rate = this->rate(t);
  optimizer_.step(parameters_.values(), parameters_.gradient(), rate);
  if (penalty_.is_zero()) return;
  for (size_t place = 0; place < parameters_.sites().size(); ++place)
    apply_prox(parameters_.scale_D(place).detach(),
               parameters_.shift_D(place).detach(),
               penalty_,
               rate);
}

ObjectiveValue Run::step(int64_t t) {
  const Rows rows = rows_of_step(t);
  const int64_t piece =
      options_.micro_batch > 0 ? options_.micro_batch : rows.size();
  const std::vector<Rows> pieces = split(rows, piece);
  parameters_.clear_gradient();
  const ObjectiveValue value = pieces.size() == 1
                                   ? gradient_at_once(rows, t)
                                   : gradient_by_replay(pieces, t);
  update(t);
  return value;
}

MapSet Run::result() const {
  MapSet set = parameters_.to_map_set(problem_.drive.sites());
  set.rules.position = position_;
  return set;
}

void check_options(const LineasOptions& options, const Problem& problem) {
  const auto total = static_cast<int64_t>(problem.source_rows.size());
  if (options.steps < 1)
    fail(ErrorKind::usage, "--steps {}: at least 1", options.steps);
  if (!(options.lr > 0) || !std::isfinite(options.lr))
    fail(ErrorKind::usage, "--lr {}: must be positive", options.lr);
  if (options.batch < 0 || options.batch > total)
    fail(ErrorKind::usage,
         "--batch {}: there are {} source prompts",
         options.batch,
         total);
  if (options.micro_batch < 0)
    fail(ErrorKind::usage, "--micro-batch {}: 0 or more", options.micro_batch);
}

}  // namespace

Json to_json(const LineasOptions& options) {
  Json json = Json::object();
  visit_options(options,
                [&json](const char* name, const auto& value, const char*) {
                  json[name] = value;
                });
  return json;
}

LineasLearner::LineasLearner(const LineasOptions& options, RunFiles files)
    : options_(options), files_(std::move(files)) {}

MapSet LineasLearner::learn(const Problem& problem, Progress& progress) {
  check_problem(problem);
  check_options(options_, problem);
  Json identity = problem.identity;
  identity["method"] = "lineas";
  identity["options"] = to_json(options_);
  Run run(options_, problem);
  RunKeeper keeper(files_, identity);
  if (const std::optional<RunState> saved = keeper.load()) run.restore(*saved);
  const InterruptGuard guard;
  progress.begin("learning", options_.steps, keeper.steps_done());
  for (int64_t t = keeper.steps_done(); t < options_.steps; ++t) {
    const ObjectiveValue value = run.step(t);
    keeper.add_step({.loss = value.loss,
                     .site_loss = value.site_loss,
                     .rate = run.rate(t),
                     .support = files_.log.empty() ? 0 : run.support()});
    progress.update(
        t + 1, fmt::format("loss {:.5g} lr {:.3g}", value.loss, run.rate(t)));
    keeper.save_if_due(t + 1 < options_.steps, [&run] { return run.state(); });
  }
  progress.end();
  MapSet set = run.result();
  set.provenance = identity;
  set.provenance["loss"] = keeper.losses();
  keeper.finish();
  return set;
}

}  // namespace lineas
