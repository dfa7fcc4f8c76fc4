// The LinEAS loss as a function of the maps: runs the source prompts through
// the model with the maps active, compares their responses with the recorded
// target's, and leaves the gradient in the parameters. Bounds memory by
// micro-batches; knows no optimizer.
//
// Suffixes: N samples, W neurons of all matched sites side by side.
#pragma once

#include <functional>

#include "lineas/descent/objective.h"
#include "lineas/descent/parameters.h"
#include "lineas/learn/learner.h"
#include "lineas/tap/pool.h"

namespace lineas {

struct MapLossOptions {
  ObjectiveOptions objective;
  Pooling pooling = Pooling::mean;
  Position position = Position::all;
  int64_t micro_batch = 0;  // prompts held with their graph; 0: all
  /// Asked at every site of every pass: whatever runs one then throws
  /// cancelled, the maps as they were.
  std::function<bool()> is_cancelled = {};
};

class MapLoss {
 public:
  /// Records the target responses. Problem and parameters must outlive it.
  MapLoss(const Problem& problem,
          AffineParameters& parameters,
          const MapLossOptions& options);

  /// Loss over these source rows at the present maps; its gradient replaces
  /// parameters.gradient(). `t` numbers the step, for drawn samples. Throws
  /// usage where no mapped site lies before a matched one.
  ObjectiveValue evaluate(const std::vector<int64_t>& rows, int64_t t);
  /// The pooled responses of these rows at the present maps, the matched sites
  /// side by side; leaves parameters.gradient() alone, as the next two do.
  Tensor respond_without_graph(const std::vector<int64_t>& rows);
  /// The loss of such responses.
  ObjectiveValue compare(const Tensor& response_NW, int64_t t);
  /// Whether they have the target's distribution already, but for rounding.
  bool is_met_by(const Tensor& response_NW);
  /// Throws numeric, naming step and site, where the loss is not finite.
  /// `advice`: a sentence on what to try where steps led there.
  void require_finite(const ObjectiveValue& value,
                      int64_t t,
                      const std::string& advice) const;
  /// The mapped sites that lie before the last matched one, in the order of the
  /// pass. Known after the first evaluation.
  const std::vector<SiteIndex>& reached() const { return reached_; }

 private:
  using Rows = std::vector<int64_t>;

  Tensor respond(std::span<const int64_t> rows);
  void note_reached(const std::vector<SiteIndex>& visited);

  const Problem& problem_;
  AffineParameters& parameters_;
  MapLossOptions options_;
  MatchObjective objective_;
  std::vector<SiteIndex> reached_;
};

}  // namespace lineas
