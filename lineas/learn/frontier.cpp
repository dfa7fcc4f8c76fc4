#include "lineas/learn/frontier.h"

#include <algorithm>
#include <memory>

#include "lineas/base/error.h"
#include "lineas/learn/lockstep.h"
#include "lineas/maps/steer_tap.h"
#include "lineas/tap/recorder.h"

namespace lineas {
namespace {

using Rows = std::vector<int64_t>;
using Piece = std::span<const int64_t>;

// Source rows come first.
Rows all_rows(const Problem& problem) {
  Rows rows = problem.source_rows;
  rows.insert(
      rows.end(), problem.target_rows.begin(), problem.target_rows.end());
  return rows;
}

std::vector<Piece> cut(const Rows& rows, int64_t micro_batch) {
  const size_t step = micro_batch > 0 ? micro_batch : rows.size();
  std::vector<Piece> pieces;
  for (Piece rest = rows; !rest.empty();) {
    pieces.push_back(rest.first(std::min(step, rest.size())));
    rest = rest.subspan(pieces.back().size());
  }
  return pieces;
}

// What the passes of one run share.
class Frontier {
 public:
  Frontier(const Problem& problem,
           const FrontierOptions& options,
           const FrontierFit& fit);
  void run();

 private:
  class PieceTap;

  bool is_source(int64_t piece, size_t b) const;
  void fit_place(size_t place);
  Tensor apply(int64_t piece,
               size_t place,
               SiteIndex site,
               const Tensor& x,
               PassContext context) const;

  const Problem& problem_;
  const FrontierOptions& options_;
  const FrontierFit& fit_;
  const Rows rows_;
  const std::vector<Piece> pieces_;
  const PlaceList places_;
  std::vector<Tensor> pooled_;  // by piece: its rows at the place they stand at
  std::vector<std::unique_ptr<SteerTap>> maps_;  // by place; null: not fitted
  size_t fitted_ = 0;
  Lockstep turns_;
};

// The tap of one pass.
class Frontier::PieceTap : public Tap {
 public:
  PieceTap(Frontier& frontier, int64_t piece)
      : frontier_(frontier),
        piece_(piece),
        was_here_(frontier.places_.size(), false) {}

  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override {
    const int64_t found = frontier_.places_.find(site, context.step);
    if (found < 0) return x;
    const auto place = static_cast<size_t>(found);
    if (was_here_[place])
      return frontier_.apply(piece_, place, site, x, context);
    was_here_[place] = true;
    ++visited_;
    frontier_.pooled_[piece_] =
        read_rows(x, context, frontier_.options_.response.reading);
    // By the last one's turn all others stand at this place.
    const bool is_last = frontier_.pooled_.size() == size_t(piece_) + 1;
    if (is_last) frontier_.fit_place(place);
    if (finished()) return x;
    frontier_.turns_.yield(piece_);
    return frontier_.apply(piece_, place, site, x, context);
  }
  bool finished() const override { return visited_ == was_here_.size(); }

 private:
  Frontier& frontier_;
  int64_t piece_;
  std::vector<bool> was_here_;  // by place
  size_t visited_ = 0;
};

Frontier::Frontier(const Problem& problem,
                   const FrontierOptions& options,
                   const FrontierFit& fit)
    : problem_(problem),
      options_(options),
      fit_(fit),
      rows_(all_rows(problem)),
      pieces_(cut(rows_, options.response.micro_batch)),
      places_(problem.map_places),
      pooled_(pieces_.size()),
      maps_(places_.size()),
      turns_(static_cast<int64_t>(pieces_.size())) {}

void Frontier::run() {
  turns_.run([this](int64_t piece) {
    const c10::NoGradGuard no_gradients;
    PieceTap tap(*this, piece);
    problem_.drive.run(pieces_[piece], tap);
  });
  if (fitted_ < places_.size())
    fail(ErrorKind::usage,
         "the model came by {} of {} mapped sites only",
         fitted_,
         places_.size());
}

// Of guided rows, one half of the call lies behind the other.
bool Frontier::is_source(int64_t piece, size_t b) const {
  const auto begin = static_cast<size_t>(pieces_[piece].data() - rows_.data());
  return begin + b % pieces_[piece].size() < problem_.source_rows.size();
}

void Frontier::fit_place(size_t place) {
  const Tensor pooled = at::cat(pooled_);
  check_finite(pooled, problem_.drive.name_of(places_[place]), "the response");
  const auto n = static_cast<int64_t>(problem_.source_rows.size());
  const auto m = static_cast<int64_t>(problem_.target_rows.size());
  MapSet here;
  here.rules.position = options_.response.position;
  here.maps.add(key_of(places_[place], problem_.drive.sites()),
                fit_(place, pooled.narrow(0, 0, n), pooled.narrow(0, n, m)));
  maps_[place] = std::make_unique<SteerTap>(problem_.drive.sites(),
                                            std::vector<Steering>{{here}},
                                            std::vector{0.0, 1.0});
  ++fitted_;
}

// Row number 1 is mapped, row number 0 is not.
Tensor Frontier::apply(int64_t piece,
                       size_t place,
                       SiteIndex site,
                       const Tensor& x,
                       PassContext context) const {
  for (size_t b = 0; b < context.rows.size(); ++b)
    context.rows[b].row = options_.map_target || is_source(piece, b) ? 1 : 0;
  return maps_[place]->visit(site, x, context);
}

}  // namespace

void fit_at_frontier(const Problem& problem,
                     const FrontierOptions& options,
                     const FrontierFit& fit) {
  Frontier(problem, options, fit).run();
}

}  // namespace lineas
