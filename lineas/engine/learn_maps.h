// From a text model and two prompt lists to a map set: the drive over the
// prompts, and what the provenance says of model and lists. learn/learn.h does
// the rest.
#pragma once

#include "lineas/engine/engine.h"
#include "lineas/learn/learn.h"

namespace lineas {

/// Two lists, and what is to be learned of them. "" for sites: the norms after
/// attention (default_sites).
struct LearnRequest : LearnOptions {
  PromptSet source;
  PromptSet target;
  /// The first so many prompts of each list; 0: all.
  int64_t take = 0;
  /// Measures the maps on the target prompts too (see calibration.h).
  bool calibrates = false;
};

/// The pattern of sites where nothing else is said: `.*post.*layernorm` where
/// the model has such, else the norms before the MLP (GPT-2's ln_2). Throws
/// not_found where it has neither.
std::string default_sites(const SiteTable& sites);

/// Learns maps. Says on stderr which sites a default chose. Throws usage for
/// prompts the model cannot take, and whatever the learner throws.
MapSet learn_maps(const Engine& engine,
                  const LearnRequest& request,
                  Progress& progress);

}  // namespace lineas
