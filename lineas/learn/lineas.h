// LinEAS: all maps learned together, by gradient through the model.
// Source: Rodriguez et al. 2025 (NeurIPS), algorithm 1; docs/math.md.
#pragma once

#include <concepts>

#include "lineas/descent/objective.h"
#include "lineas/learn/learner.h"

namespace lineas {

struct LineasOptions {
  std::string optimizer = "gentle";
  int64_t steps = 0;  // 0: what suits the optimizer
  double lr = 0;      // 0: the same
  std::string schedule = "cosine";
  std::string keep = "auto";            // or a number
  double damage = 0.009;                // of the uncertainty; 0: as learned
  std::string l1 = "0";                 // "X" or "X,Y": scale, shift
  std::string group = "0";              // the same for whole vectors
  std::string support_budget = "100%";  // of all neurons
  int64_t refit_steps = 0;
  std::string ot_match = "exact";
  std::string loss_reduction = "sum";
  int64_t batch = 0;        // source prompts a step; 0: all
  int64_t micro_batch = 0;  // prompts held with their graph; 0: the batch
  std::string pool = "mean";
  std::string position = "all";
  int64_t seed = 0;
};

/// How the steps go, and what they go down.
template <typename Options, typename Visitor>
void visit_way(Options& options, Visitor& visit) {
  visit("optimizer",
        options.optimizer,
        "gentle (few steps from the identity that keep the text, see --keep; "
        "as auto with a penalty, --keep 0 or on pictures), auto (the least "
        "matching loss: adam from the closed form in white coordinates; with a "
        "penalty proximal gradient), or as published adam (betas .9/.9) or "
        "sgd");
  visit("steps",
        options.steps,
        "optimisation steps; 0: 30 with gentle, 185 with auto and no penalty, "
        "else 1000");
  visit("lr",
        options.lr,
        "learning rate of the first step; 0: 0.02 with gentle and 0.14 with "
        "auto and no penalty, in deviations of a site's responses, else 0.001; "
        "with a penalty auto finds the length of its steps itself (unless they "
        "draw prompts)");
  visit("schedule",
        options.schedule,
        "cosine (down to lr/1000 over the steps) or constant");
  visit("keep",
        options.keep,
        "weight of leaving alone what the model says after the target prompts: "
        "a nat a token counts as so many times the matching loss without maps; "
        "auto: 10 with gentle, else 0");
  visit("damage",
        options.damage,
        "with gentle: strength 1 is as far along the way that was learned as "
        "changes what the model says after the target prompts by this share of "
        "its uncertainty (KL over entropy); 0: where the steps end");
}

/// Calls visit(name, field, sentence) for every option: parsing, help and the
/// provenance of a map are all made from this one list.
template <typename Options, typename Visitor>
requires std::same_as<std::remove_const_t<Options>, LineasOptions>
void visit_options(Options& options, Visitor&& visit) {
  visit_way(options, visit);
  visit("l1",
        options.l1,
        "weight X (or X,Y: scale, shift) of the lasso on scale - 1 and shift");
  visit("group",
        options.group,
        "weight X (or X,Y) of the group lasso on a site's whole map");
  visit(
      "support-budget",
      options.support_budget,
      "find the penalty that leaves this share of the neurons moved; it "
      "keeps the ratios of --l1 and --group, l1 alone where neither is given");
  visit("refit-steps",
        options.refit_steps,
        "steps on the found support, everything else frozen, with a new "
        "optimizer and schedule; adam and sgd keep the penalty, auto drops it");
  visit("ot-match",
        options.ot_match,
        "unequal counts: exact (quantile coupling) or subsample");
  visit("loss-reduction",
        options.loss_reduction,
        "over samples: sum (n W2^2) or mean (W2^2)");
  visit("batch",
        options.batch,
        "source prompts a step, drawn by seed; 0 takes all");
  visit("micro-batch",
        options.micro_batch,
        "prompts in memory at once; the same maps up to rounding; 0: the "
        "batch");
  visit("pool", options.pool, "mean, max, min, median or last over tokens");
  visit("position",
        options.position,
        "what a map sees: all (every token), last or avg");
  visit("seed", options.seed, "seed of every random choice");
}

class LineasLearner : public Learner {
 public:
  /// Throws usage where an option is out of range.
  LineasLearner(const LineasOptions& options, RunFiles files);
  MapSet learn(const Problem& problem, Progress& progress) override;

 private:
  LineasOptions options_;
  RunFiles files_;
};

}  // namespace lineas
