// What a LinEAS run tries, one after the other: learning, the trials of a
// search for the penalty that leaves the support asked for, the refit on the
// support that was found. A stage says what is tried next, and where the maps
// stand before it; it knows no model and takes no step.
//
// Suffixes: P parameters.
#pragma once

#include <memory>
#include <optional>

#include "lineas/descent/parameters.h"
#include "lineas/descent/penalty.h"
#include "lineas/learn/lineas_settings.h"
#include "lineas/learn/support_search.h"

namespace lineas {

/// Down from the maps as they stand, under a penalty, for at most so many
/// steps.
struct Trial {
  Penalty penalty;
  int64_t steps = 0;
  Tensor free_P = {};  // where entries may move; undefined: everywhere
};

/// Where the maps stand while stages look at them and set them.
struct Standing {
  AffineParameters& parameters;
  double loss = 0;
};

class Stage {
 public:
  virtual ~Stage() = default;
  /// What the stage begins with, or nothing where it has nothing to do.
  virtual std::optional<Trial> first(Standing& here) = 0;
  /// What follows a trial that ended here; nothing: the stage is over, and the
  /// maps are its result.
  virtual std::optional<Trial> next(Standing& here) = 0;
  /// The trial that was under way, from the state of a stopped run.
  virtual Trial resumed(const Tensor& free_P) const = 0;
};

/// Learning under the penalty asked for.
std::unique_ptr<Stage> learn_stage(const LineasSettings& settings);
/// A trial a penalty, until the search ends; the best one's maps. `search` must
/// outlive the stage.
std::unique_ptr<Stage> search_stage(const LineasSettings& settings,
                                    SupportSearch& search);
/// Steps on the support that was found, all else at the identity, exactly.
/// `search`: whose penalty goes on to hold, or null.
std::unique_ptr<Stage> refit_stage(const LineasSettings& settings,
                                   const SupportSearch* search);

/// The penalty asked for, or an l1 where there is none, so many times.
Penalty penalty_at(const LineasSettings& settings, double factor);
/// The penalty that held where the maps were found.
Penalty found_penalty(const LineasSettings& settings,
                      const SupportSearch* search);

}  // namespace lineas
