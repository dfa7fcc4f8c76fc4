#include "lineas/learn/frontier.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/learn/lockstep.h"
#include "lineas/maps/steer_tap.h"
#include "lineas/tap/recorder.h"

namespace lineas {
namespace {

using Rows = std::vector<int64_t>;
using Piece = std::span<const int64_t>;

constexpr size_t kNotMapped = SIZE_MAX;

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
  void fit_site(SiteIndex site);
  Tensor apply(int64_t piece,
               SiteIndex site,
               const Tensor& x,
               PassContext context) const;

  const Problem& problem_;
  const FrontierOptions& options_;
  const FrontierFit& fit_;
  const Rows rows_;
  const std::vector<Piece> pieces_;
  std::vector<size_t> places_;  // by site
  std::vector<Tensor> pooled_;  // by piece: its rows at the site they stand at
  MapSet here_;                 // the map of that site
  size_t fitted_ = 0;
  Lockstep turns_;
};

// The tap of one pass.
class Frontier::PieceTap : public Tap {
 public:
  PieceTap(Frontier& frontier, int64_t piece)
      : frontier_(frontier), piece_(piece) {}

  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override {
    if (frontier_.places_[site] == kNotMapped) return x;
    if (frontier_.options_.is_cancelled && frontier_.options_.is_cancelled())
      fail(ErrorKind::cancelled,
           "stopped at site \"{}\"",
           frontier_.problem_.drive.sites()[site].name);
    ++visited_;
    frontier_.pooled_[piece_] =
        pool(x, context.rows, frontier_.options_.pooling);
    // By the last one's turn all others stand at this site.
    const bool is_last = frontier_.pooled_.size() == size_t(piece_) + 1;
    if (is_last) frontier_.fit_site(site);
    if (finished()) return x;
    frontier_.turns_.yield(piece_);
    return frontier_.apply(piece_, site, x, context);
  }
  bool finished() const override {
    return visited_ == frontier_.problem_.map_sites.size();
  }

 private:
  Frontier& frontier_;
  int64_t piece_;
  size_t visited_ = 0;
};

Frontier::Frontier(const Problem& problem,
                   const FrontierOptions& options,
                   const FrontierFit& fit)
    : problem_(problem),
      options_(options),
      fit_(fit),
      rows_(all_rows(problem)),
      pieces_(cut(rows_, options.micro_batch)),
      places_(problem.drive.sites().size(), kNotMapped),
      pooled_(pieces_.size()),
      turns_(static_cast<int64_t>(pieces_.size())) {
  here_.rules.position = options.position;
  for (size_t place = 0; place < problem.map_sites.size(); ++place)
    places_[problem.map_sites[place]] = place;
}

void Frontier::run() {
  turns_.run([this](int64_t piece) {
    const c10::NoGradGuard no_gradients;
    PieceTap tap(*this, piece);
    problem_.drive.run(pieces_[piece], tap);
  });
  if (fitted_ < problem_.map_sites.size())
    fail(ErrorKind::usage,
         "the model came by {} of {} mapped sites only",
         fitted_,
         problem_.map_sites.size());
}

bool Frontier::is_source(int64_t piece, size_t b) const {
  const auto begin = static_cast<size_t>(pieces_[piece].data() - rows_.data());
  return begin + b < problem_.source_rows.size();
}

void Frontier::fit_site(SiteIndex site) {
  const Tensor pooled = at::cat(pooled_);
  const Site& named = problem_.drive.sites()[site];
  check_finite(pooled, named, "the response");
  const auto n = static_cast<int64_t>(problem_.source_rows.size());
  const auto m = static_cast<int64_t>(problem_.target_rows.size());
  here_.maps = {
      {named.name,
       fit_(places_[site], pooled.narrow(0, 0, n), pooled.narrow(0, n, m))}};
  ++fitted_;
}

Tensor Frontier::apply(int64_t piece,
                       SiteIndex site,
                       const Tensor& x,
                       PassContext context) const {
  std::vector<double> strengths;
  for (size_t b = 0; b < context.rows.size(); ++b) {
    context.rows[b].row = static_cast<int64_t>(b);
    strengths.push_back(options_.map_target || is_source(piece, b) ? 1 : 0);
  }
  SteerTap tap(problem_.drive.sites(), {{here_}}, strengths);
  return tap.visit(site, x, context);
}

}  // namespace

void fit_at_frontier(const Problem& problem,
                     const FrontierOptions& options,
                     const FrontierFit& fit) {
  Frontier(problem, options, fit).run();
}

}  // namespace lineas
