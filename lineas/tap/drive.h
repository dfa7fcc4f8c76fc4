// Runs the rows of a fixed prompt list through a model. Text and picture models
// differ here and nowhere else; learning sees only this.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lineas/tap/place.h"
#include "lineas/tap/tap.h"

namespace lineas {

/// Rows on their way through a model, standing before a segment.
struct Trajectory {
  std::vector<int64_t> rows;
  int64_t segment = 0;
  /// What flows from one segment to the next (the latents of a picture):
  /// small, and differentiable where the grad mode says so. Empty for text.
  std::vector<Tensor> carried = {};
};

/// What people get of a model: logits over the last dimension, or values.
enum class OutcomeKind { logits, values };
/// The site whose output that is.
struct Outcome {
  SiteIndex site = -1;
  OutcomeKind kind = OutcomeKind::values;
};

/// A run is a trajectory of segments: one for text, one a denoising step for
/// pictures, or one a layer of each step. All its randomness is fixed by row
/// and segment, so a segment that is run again from the same state does the
/// same.
class Drive {
 public:
  virtual ~Drive() = default;
  /// All given rows together, before their first segment.
  virtual Trajectory begin(std::span<const int64_t> rows);
  /// Runs the next segment, each site visited once or not at all, with or
  /// without gradients as the caller's grad mode says. Returns when the tap is
  /// finished (what is carried then means nothing) or the segment is done.
  virtual void advance(Trajectory& trajectory, Tap& tap) = 0;
  virtual int64_t segments() const { return 1; }
  /// Denoising steps, each of the same number of segments.
  virtual int64_t steps() const { return segments(); }
  virtual const SiteTable& sites() const = 0;
  virtual int64_t row_count() const = 0;
  /// What every step gives out; nothing where it cannot be compared.
  virtual std::optional<Outcome> outcome() const { return std::nullopt; }

  /// Whether runs come by a place at all: the text encoders of a picture model
  /// run in the first step alone, its autoencoder in none.
  virtual bool comes_by(const Place& /*place*/) const { return true; }

  /// All segments from where the trajectory stands, until the tap is finished.
  void finish(Trajectory& trajectory, Tap& tap);
  /// The whole way of these rows.
  void run(std::span<const int64_t> rows, Tap& tap);

  /// The places of the sites that a pattern names, as far as runs come by them:
  /// one a site, or with `each_step` and several steps one a site and step,
  /// steps outermost. Throws not_found where there is none.
  std::vector<Place> places(const std::string& pattern,
                            bool each_step = false) const;
  std::string name_of(const Place& place) const {
    return lineas::name_of(place, sites());
  }
  int64_t width_of(const Place& place) const {
    return lineas::width_of(place, sites());
  }
};

}  // namespace lineas
