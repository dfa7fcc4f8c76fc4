#include "lineas/learn/map_loss.h"

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/tap/recorder.h"
#include "lineas/tap/stop_tap.h"

namespace lineas {
namespace {

// Rows of one recording call, in micro-batches: without a graph a call holds
// the activations of one layer, so four times the rows still take less memory
// than one micro-batch with its graph, and make larger, faster products.
constexpr int64_t kRecordFactor = 4;

// Pieces larger than all rows are one.
MapLossOptions with_pieces_of(const Problem& problem, MapLossOptions options) {
  const size_t most =
      std::max(problem.source_rows.size(), problem.target_rows.size());
  options.micro_batch =
      std::min(options.micro_batch, static_cast<int64_t>(most));
  return options;
}

std::vector<Tensor> record_target(const MapLossOptions& options,
                                  const Problem& problem) {
  return record(problem.drive,
                problem.target_rows,
                problem.match_sites,
                {.pooling = options.pooling,
                 .micro_batch = kRecordFactor * options.micro_batch,
                 .is_cancelled = options.is_cancelled});
}

// All rows but the last `size`, and those; 0 counts all as last.
std::pair<std::vector<int64_t>, std::vector<int64_t>> split_last(
    const std::vector<int64_t>& rows, int64_t size) {
  const auto total = static_cast<int64_t>(rows.size());
  const auto middle = rows.end() - (size == 0 ? total : std::min(size, total));
  return {{rows.begin(), middle}, {middle, rows.end()}};
}

// Sends d loss / d response backward through the graph of the response.
void backward(const Tensor& response_NW, const Tensor& gradient_NW) {
  if (response_NW.requires_grad()) response_NW.backward(gradient_NW);
}

}  // namespace

MapLoss::MapLoss(const Problem& problem,
                 AffineParameters& parameters,
                 const MapLossOptions& options)
    : problem_(problem),
      parameters_(parameters),
      options_(with_pieces_of(problem, options)),
      objective_(record_target(options_, problem), options.objective) {}

Tensor MapLoss::respond(std::span<const int64_t> rows) {
  StopTap stop(options_.is_cancelled);
  TrainingTap maps(parameters_, options_.position);
  PooledRecorder recorder(problem_.match_sites, options_.pooling);
  ChainTap chain({&stop, &maps, &recorder});
  problem_.drive.run(rows, chain);
  note_reached(maps.visited());
  return at::cat(recorder.pooled(), 1);
}

void MapLoss::note_reached(const std::vector<SiteIndex>& visited) {
  if (!reached_.empty()) return;
  reached_ = visited;
  const size_t mapped = problem_.map_sites.size();
  if (visited.empty())
    fail(ErrorKind::usage,
         "all {} mapped sites lie behind the last matched site: there is "
         "nothing to learn. Match a later site (--match).",
         mapped);
  if (visited.size() < mapped)
    log_warning(
        "{} of {} mapped sites lie behind the last matched site: they stay "
        "the identity",
        mapped - visited.size(),
        mapped);
}

Tensor MapLoss::respond_without_graph(const Rows& rows) {
  const c10::NoGradGuard no_gradients;
  const size_t size = options_.micro_batch == 0
                          ? rows.size()
                          : kRecordFactor * options_.micro_batch;
  std::vector<Tensor> parts;
  for (size_t begin = 0; begin < rows.size(); begin += size)
    parts.push_back(respond(std::span(rows).subspan(begin).first(
        std::min(size, rows.size() - begin))));
  return at::cat(parts);
}

ObjectiveValue MapLoss::compare(const Tensor& response_NW, int64_t t) {
  const c10::NoGradGuard no_gradients;
  return objective_.evaluate(response_NW, t);
}

void MapLoss::require_finite(const ObjectiveValue& value,
                             int64_t t,
                             const std::string& advice) const {
  for (size_t s = 0; s < value.site_loss.size(); ++s)
    if (!std::isfinite(value.site_loss[s]))
      fail(ErrorKind::numeric,
           "step {}: the loss at site \"{}\" is {}. {}",
           t + 1,
           problem_.drive.sites()[problem_.match_sites[s]].name,
           value.site_loss[s],
           t > 0 ? advice
                 : "Are the weights up to here sound, and is the dtype wide "
                   "enough (try --dtype float32)?");
}

bool MapLoss::is_met_by(const Tensor& response_NW) {
  return objective_.is_met_by(response_NW);
}

// The memory of one piece gives the gradient of all: every response first, then
// the loss gradient for them, then every piece backward with its share. Only
// the last piece keeps its graph from the first time; the others run again.
ObjectiveValue MapLoss::evaluate(const Rows& rows, int64_t t) {
  const at::AutoGradMode with_gradients(true);
  parameters_.clear_gradient();
  const auto [replayed, last] = split_last(rows, options_.micro_batch);
  std::vector<Tensor> recorded;
  if (!replayed.empty()) recorded.push_back(respond_without_graph(replayed));
  Tensor kept_MW = respond(last);
  recorded.push_back(kept_MW.detach());
  const ObjectiveValue value = compare(at::cat(recorded), t);
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

}  // namespace lineas
