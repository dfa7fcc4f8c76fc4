// What every learning method is given, and what it gives back.
#pragma once

#include <string>
#include <vector>

#include "lineas/base/progress.h"
#include "lineas/maps/map_set.h"
#include "lineas/tap/drive.h"

namespace lineas {

/// Two lists of rows of one drive, and where to look: places that do not
/// overlap. Where a run has several steps, matching is said step by step.
struct Problem {
  Drive& drive;
  std::vector<int64_t> source_rows;
  std::vector<int64_t> target_rows;
  std::vector<Place> map_places;    // that get a map
  std::vector<Place> match_places;  // where distributions are matched
  at::Device device = at::kCPU;     // where maps are kept while learning
  /// Holds the graph of one of the drive's segments at a time: the same
  /// gradient for one more forward pass.
  bool by_segment = false;
  /// Whose outcome should stay as it is (see KeepLoss); none: the target's.
  std::vector<int64_t> keep_rows = {};
  /// What model, weights and prompts this is; a resumed run must say the same,
  /// and the map's provenance holds it.
  Json identity = Json::object();
};

/// The same problem run by another drive over the same rows.
Problem with_drive(const Problem& problem, Drive& drive);

/// Where a long run keeps what it would lose, and what it tells.
struct RunFiles {
  std::string state;       // "" : no state is kept
  int64_t save_every = 0;  // steps; 0: only when interrupted
  bool resume = false;
  std::string log;  // .jsonl; "" : none
};

class Learner {
 public:
  virtual ~Learner() = default;
  /// Throws cancelled where the progress is (methods that learn step by step
  /// keep their state), numeric where the loss stops being finite (names the
  /// site).
  virtual MapSet learn(const Problem& problem, Progress& progress) = 0;
};

/// Throws usage unless both lists hold rows and some site is mapped and
/// matched.
void check_problem(const Problem& problem);

}  // namespace lineas
