// The LinEAS loss as a function of the maps: runs the source prompts through
// the model with the maps active, compares their responses with the recorded
// target's, and leaves the gradient in the parameters. Bounds memory by
// micro-batches of rows, and by segments of their way; knows no optimizer.
//
// Suffixes: N samples, W neurons of all matched places side by side.
#pragma once

#include "lineas/descent/objective.h"
#include "lineas/descent/parameters.h"
#include "lineas/learn/learner.h"
#include "lineas/learn/responses.h"

namespace lineas {

struct MapLossOptions {
  ObjectiveOptions objective;
  ResponseOptions response;
};

class MapLoss {
 public:
  /// Records the target responses. Problem and parameters must outlive it.
  MapLoss(const Problem& problem,
          AffineParameters& parameters,
          const MapLossOptions& options);

  /// Loss over these source rows at the present maps; its gradient replaces
  /// parameters.gradient(). `t` numbers the step, for drawn samples. Throws
  /// usage where no mapped place lies before a matched one.
  ObjectiveValue evaluate(const std::vector<int64_t>& rows, int64_t t);
  /// The pooled responses of these rows at the present maps, the matched places
  /// side by side; leaves parameters.gradient() alone, as the next two do.
  Tensor respond_without_graph(const std::vector<int64_t>& rows);
  /// The loss of such responses.
  ObjectiveValue compare(const Tensor& response_NW, int64_t t);
  /// Whether they have the target's distribution already, but for rounding.
  bool is_met_by(const Tensor& response_NW);
  /// Throws numeric, naming step and place, where the loss is not finite.
  /// `advice`: a sentence on what to try where steps led there.
  void require_finite(const ObjectiveValue& value,
                      int64_t t,
                      const std::string& advice) const;
  const MapLossOptions& options() const { return options_; }
  /// Numbers of the mapped places that lie before the last matched one, in the
  /// order of the run. Known after the first evaluation.
  const std::vector<size_t>& reached() const { return reached_; }

 private:
  using Rows = std::vector<int64_t>;
  using Piece = std::span<const int64_t>;

  // Segments whose graph is held together, and what is matched in them.
  struct Span {
    int64_t begin, end;
    std::vector<size_t> matched;  // numbers of match places
  };
  // What running a span gave: graph included where gradients are on.
  struct SpanRun {
    Trajectory start, end;
    std::vector<Tensor> pooled;  // of span.matched
  };
  // Rows up to the last matched place: how they stood before every span but the
  // first, and the run of the last span where its graph is kept. `pooled` is of
  // all match places.
  struct Way {
    Rows rows;
    std::vector<Trajectory> starts;
    SpanRun last;
    std::vector<Tensor> pooled;
  };

  std::vector<Span> cut_into_spans() const;
  SpanRun run_span(size_t span, Trajectory start);
  Way travel(Piece rows, bool with_last_graph);
  void send_back(Way way, const Tensor& gradient_NW);
  std::vector<Tensor> columns(const Span& span,
                              const Tensor& gradient_NW) const;
  std::vector<Way> travel_all(Piece rows);
  Way again(const Way& all, int64_t begin, int64_t end);
  void note_visited(const std::vector<size_t>& visited);
  void check_reached();

  const Problem& problem_;
  AffineParameters& parameters_;
  MapLossOptions options_;
  MatchObjective objective_;
  std::vector<Span> spans_;
  std::vector<int64_t> offsets_;  // of match places in W
  std::vector<size_t> reached_;
  bool is_checked_ = false;
};

}  // namespace lineas
