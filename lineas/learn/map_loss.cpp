#include "lineas/learn/map_loss.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"
#include "lineas/base/log.h"

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
  int64_t& size = options.response.micro_batch;
  size = std::min(size, static_cast<int64_t>(most));
  return options;
}

std::vector<Tensor> record_target(const ResponseOptions& options,
                                  const Problem& problem) {
  return record(problem.drive,
                problem.target_rows,
                problem.match_places,
                {.reading = options.reading,
                 .micro_batch = kRecordFactor * options.micro_batch});
}

// All rows but the last `size`, and those; 0 counts all as last.
std::pair<std::vector<int64_t>, std::vector<int64_t>> split_last(
    const std::vector<int64_t>& rows, int64_t size) {
  const auto total = static_cast<int64_t>(rows.size());
  const auto middle = rows.end() - (size == 0 ? total : std::min(size, total));
  return {{rows.begin(), middle}, {middle, rows.end()}};
}

// The segment in which each place is read, which only a run tells: of the first
// target row.
std::vector<int64_t> segments_of(const Problem& problem,
                                 const std::vector<Place>& places) {
  const c10::NoGradGuard no_gradients;
  PooledRecorder recorder(places, {});
  std::vector<int64_t> segments(places.size(), -1);
  Trajectory trajectory =
      problem.drive.begin(std::span(problem.target_rows).first(1));
  while (trajectory.segment < problem.drive.segments() &&
         !recorder.finished()) {
    const int64_t segment = trajectory.segment;
    problem.drive.advance(trajectory, recorder);
    for (size_t p = 0; p < places.size(); ++p)
      if (segments[p] < 0 && recorder.pooled()[p].defined())
        segments[p] = segment;
  }
  for (size_t p = 0; p < places.size(); ++p)
    if (segments[p] < 0)
      fail(ErrorKind::usage,
           "site \"{}\": the model does not come by it",
           problem.drive.name_of(places[p]));
  return segments;
}

// The same state cut off from what led to it; gradients stop, and gather, here.
Trajectory cut_off(Trajectory trajectory) {
  const bool with_gradients = c10::GradMode::is_enabled();
  for (Tensor& x : trajectory.carried)
    x = x.detach().requires_grad_(with_gradients);
  return trajectory;
}

// The rows [begin, end) of a state of more.
Trajectory slice(const Trajectory& all, int64_t begin, int64_t end) {
  Trajectory part{.rows = {all.rows.begin() + begin, all.rows.begin() + end},
                  .segment = all.segment};
  for (const Tensor& x : all.carried)
    part.carried.push_back(x.slice(0, begin, end));
  return part;
}

// Keeps a pass going whose recorder has seen enough: the state behind it
// counts.
class ToTheEnd : public Tap {
 public:
  Tensor visit(SiteIndex, Tensor x, const PassContext&) override { return x; }
};

// Sends cotangents backward through whatever has a graph.
void backward(const std::vector<Tensor>& values,
              const std::vector<Tensor>& cotangents) {
  std::vector<Tensor> roots, gradients;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].requires_grad() || !cotangents[i].defined()) continue;
    roots.push_back(values[i]);
    gradients.push_back(cotangents[i]);
  }
  if (!roots.empty()) torch::autograd::backward(roots, gradients);
}

}  // namespace

MapLoss::MapLoss(const Problem& problem,
                 AffineParameters& parameters,
                 const MapLossOptions& options)
    : problem_(problem),
      parameters_(parameters),
      options_(with_pieces_of(problem, options)),
      objective_(record_target(options_.response, problem), options.objective),
      spans_(cut_into_spans()) {
  int64_t offset = 0;
  for (const Place& place : problem.match_places) {
    offsets_.push_back(offset);
    offset += problem.drive.width_of(place);
  }
}

// One span of all, or one a segment up to the last that is matched.
std::vector<MapLoss::Span> MapLoss::cut_into_spans() const {
  const size_t places = problem_.match_places.size();
  if (!options_.response.by_segment || problem_.drive.segments() == 1) {
    Span all{0, problem_.drive.segments(), {}};
    for (size_t p = 0; p < places; ++p) all.matched.push_back(p);
    return {all};
  }
  const std::vector<int64_t> segments =
      segments_of(problem_, problem_.match_places);
  std::vector<Span> spans;
  for (int64_t s = 0; s <= *std::max_element(segments.begin(), segments.end());
       ++s)
    spans.push_back({s, s + 1, {}});
  for (size_t p = 0; p < places; ++p)
    spans[static_cast<size_t>(segments[p])].matched.push_back(p);
  return spans;
}

MapLoss::SpanRun MapLoss::run_span(size_t number, Trajectory start) {
  const Span& span = spans_[number];
  SpanRun run{.start = number == 0 ? std::move(start) : cut_off(start)};
  run.end = run.start;
  std::vector<Place> places;
  for (const size_t p : span.matched)
    places.push_back(problem_.match_places[p]);
  TrainingTap maps(parameters_, options_.response.position);
  PooledRecorder recorder(places, options_.response.reading);
  ToTheEnd to_the_end;
  std::vector<Tap*> taps{&maps, &recorder};
  if (number + 1 < spans_.size()) taps.push_back(&to_the_end);
  ChainTap chain(taps);
  for (int64_t s = span.begin; s < span.end && !chain.finished(); ++s)
    problem_.drive.advance(run.end, chain);
  note_visited(maps.visited());
  run.pooled = recorder.pooled();
  return run;
}

MapLoss::Way MapLoss::travel(Piece rows, bool with_last_graph) {
  Way way{.rows = {rows.begin(), rows.end()}};
  way.pooled.resize(problem_.match_places.size());
  Trajectory here = problem_.drive.begin(rows);
  for (size_t number = 0; number < spans_.size(); ++number) {
    const bool is_last = number + 1 == spans_.size();
    const at::AutoGradMode mode(is_last && with_last_graph);
    SpanRun run = run_span(number, here);
    if (number > 0) way.starts.push_back(here);
    here = run.end;
    for (size_t i = 0; i < run.pooled.size(); ++i)
      way.pooled[spans_[number].matched[i]] = run.pooled[i].detach();
    if (is_last && with_last_graph) way.last = std::move(run);
  }
  check_reached();
  return way;
}

void MapLoss::note_visited(const std::vector<size_t>& visited) {
  if (is_checked_) return;
  for (const size_t number : visited)
    if (std::find(reached_.begin(), reached_.end(), number) == reached_.end())
      reached_.push_back(number);
}

void MapLoss::check_reached() {
  if (is_checked_) return;
  is_checked_ = true;
  const size_t mapped = problem_.map_places.size();
  if (reached_.empty())
    fail(ErrorKind::usage,
         "all {} mapped sites lie behind the last matched site: there is "
         "nothing to learn. Match a later site (--match).",
         mapped);
  if (reached_.size() < mapped)
    log_warning(
        "{} of {} mapped sites lie behind the last matched site: they stay "
        "the identity",
        mapped - reached_.size(),
        mapped);
}

// In calls of some rows, a way each.
std::vector<MapLoss::Way> MapLoss::travel_all(Piece rows) {
  const int64_t micro_batch = options_.response.micro_batch;
  const size_t size =
      micro_batch == 0 ? rows.size() : kRecordFactor * micro_batch;
  std::vector<Way> ways;
  for (size_t begin = 0; begin < rows.size(); begin += size) {
    const size_t count = std::min(size, rows.size() - begin);
    ways.push_back(travel(rows.subspan(begin, count), false));
  }
  return ways;
}

Tensor MapLoss::respond_without_graph(const Rows& rows) {
  std::vector<Tensor> parts;
  for (const Way& way : travel_all(rows))
    parts.push_back(at::cat(way.pooled, 1));
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
           problem_.drive.name_of(problem_.match_places[s]),
           value.site_loss[s],
           t > 0 ? advice
                 : "Are the weights up to here sound, and is the dtype wide "
                   "enough (try --dtype float32)?");
}

bool MapLoss::is_met_by(const Tensor& response_NW) {
  return objective_.is_met_by(response_NW);
}

// The cotangents of what a span pooled.
std::vector<Tensor> MapLoss::columns(const Span& span,
                                     const Tensor& gradient_NW) const {
  std::vector<Tensor> columns;
  for (const size_t p : span.matched)
    columns.push_back(gradient_NW.narrow(
        1, offsets_[p], problem_.drive.width_of(problem_.match_places[p])));
  return columns;
}

// From the last span to the first, each run again but the last one, whose graph
// is there: the cotangents of what it pooled and of the state behind it.
void MapLoss::send_back(Way way, const Tensor& gradient_NW) {
  const Rows rows = way.last.end.rows;
  std::vector<Tensor> behind;
  for (size_t number = spans_.size(); number-- > 0;) {
    const bool is_last = number + 1 == spans_.size();
    SpanRun run = is_last ? std::move(way.last)
                          : run_span(number,
                                     number == 0 ? problem_.drive.begin(rows)
                                                 : way.starts[number - 1]);
    std::vector<Tensor> values = std::move(run.pooled);
    std::vector<Tensor> cotangents = columns(spans_[number], gradient_NW);
    if (!is_last) {
      values.insert(
          values.end(), run.end.carried.begin(), run.end.carried.end());
      cotangents.insert(cotangents.end(), behind.begin(), behind.end());
    }
    backward(values, cotangents);
    behind.clear();
    for (const Tensor& x : run.start.carried)
      behind.push_back(number == 0 ? Tensor() : x.grad());
  }
}

// The rows [begin, end) of that way once more, the last span with its graph.
MapLoss::Way MapLoss::again(const Way& all, int64_t begin, int64_t end) {
  Way way;
  for (const Trajectory& start : all.starts)
    way.starts.push_back(slice(start, begin, end));
  way.last = run_span(
      spans_.size() - 1,
      spans_.size() > 1
          ? way.starts.back()
          : problem_.drive.begin(Piece(all.rows).subspan(begin, end - begin)));
  return way;
}

// The memory of one piece gives the gradient of all: every response first, then
// the loss gradient for them, then every piece backward with its share. Only
// the last piece keeps its graph from the first time; the others run again.
ObjectiveValue MapLoss::evaluate(const Rows& rows, int64_t t) {
  const at::AutoGradMode with_gradients(true);
  parameters_.clear_gradient();
  const int64_t size = options_.response.micro_batch;
  const auto [replayed, last] = split_last(rows, size);
  const auto count = static_cast<int64_t>(replayed.size());
  const std::vector<Way> first = travel_all(replayed);
  std::vector<Tensor> recorded;
  for (const Way& way : first) recorded.push_back(at::cat(way.pooled, 1));
  Way kept = travel(last, true);
  recorded.push_back(at::cat(kept.pooled, 1));
  const ObjectiveValue value = compare(at::cat(recorded), t);
  send_back(std::move(kept), value.gradient_NW.slice(0, count));
  int64_t before = 0;
  for (const Way& way : first) {
    const auto rows_of_way = std::ssize(way.rows);
    const Tensor gradient_NW = value.gradient_NW.narrow(0, before, rows_of_way);
    for (int64_t begin = 0; begin < rows_of_way; begin += size) {
      const int64_t end = std::min(rows_of_way, begin + size);
      send_back(again(way, begin, end), gradient_NW.slice(0, begin, end));
    }
    before += rows_of_way;
  }
  return value;
}

}  // namespace lineas
