// From the rows of a drive to a map set, whatever kind of model the drive runs:
// chooses places, runs a learner and writes down where the maps come from.
#pragma once

#include <string>

#include "lineas/learn/learner.h"

namespace lineas {

/// What is to be learned, and how.
struct LearnOptions {
  /// Site patterns; "" for match: the sites. In runs of several steps matching
  /// is always step by step.
  std::string sites;
  std::string match;
  /// A map for every denoising step, instead of one for all.
  bool per_step = false;
  std::string method = "lineas";
  /// What is stated of the method's options, by name; the rest has its default
  /// (default_options in learn/methods.h).
  Json options = Json::object();
  /// The tokens that the map will act on where it is used; learning itself
  /// sees all tokens of the prompts.
  TokenScope tokens;
  RunFiles files;
};

/// What the rows of a drive are: the first `source_rows` are led to the others.
struct LearnSides {
  int64_t source_rows = 0;
  at::Device device = at::kCPU;  // of the model: maps are kept there
  bool by_segment = false;       // see Problem
  /// What model, weights and prompts this is, for the provenance.
  Json identity = Json::object();
};

/// Throws what the learner throws, and not_found for a pattern that matches no
/// site.
MapSet learn(Drive& drive,
             const LearnSides& sides,
             const LearnOptions& options,
             Progress& progress);

}  // namespace lineas
