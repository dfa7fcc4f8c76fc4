// From a model and two prompt lists to a map set: chooses sites, packs prompts,
// runs a learner and writes down where the maps come from. The one place where
// an engine meets a learning method.
#pragma once

#include "lineas/engine/engine.h"
#include "lineas/learn/learner.h"

namespace lineas {

struct LearnRequest {
  PromptSet source;
  PromptSet target;
  /// Site patterns; "" for sites: the norms after attention (default_sites);
  /// "" for match: the sites.
  std::string sites;
  std::string match;
  /// The first so many prompts of each list; 0: all.
  int64_t take = 0;
  std::string method = "lineas";
  /// What is stated of the method's options, by name; the rest has its default
  /// (default_options in learn/methods.h).
  Json options = Json::object();
  /// The tokens that the map will act on where it is used; learning itself
  /// sees all tokens of the prompts.
  TokenScope tokens;
  RunFiles files;
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
