// The frame of all layer-wise methods: each mapped site is fitted by itself
// from what the source and the target prompts answer there. At once: all sites
// from one recording of the untouched model. Incremental: each with the maps
// before it active, still in one pass over the prompts (see frontier.h). A
// method adds how one site is fitted; the frame knows none of them.
//
// Suffixes: N source samples, M target samples, D neurons.
#pragma once

#include <concepts>

#include "lineas/learn/methods.h"
#include "lineas/maps/affine_map.h"
#include "lineas/ot/affine_fit.h"

namespace lineas {

/// The options that all layer-wise methods have; a method derives its own from
/// them, with its paper's defaults.
struct LayerwiseOptions {
  std::string pool = "mean";
  std::string position = "all";
  bool at_once = false;
  std::string site_order = "visiting";
  std::string target_runs = "mapped";
  std::string support_range = "all";  // or "LO,HI" in percent
  std::string ot_match = "exact";
  int64_t micro_batch = 0;
  int64_t seed = 0;
};

/// Visits the shared options, then those of the method's own `visit_own`.
template <typename Options, typename Visitor>
requires std::derived_from<std::remove_const_t<Options>, LayerwiseOptions>
void visit_options(Options& options, Visitor&& visit) {
  visit("pool", options.pool, "mean, max, min, median or last over tokens");
  visit("position",
        options.position,
        "what a map sees: all (every token), last or avg");
  visit("at-once",
        options.at_once,
        "fit every site on the untouched model; else each with the maps before "
        "it active");
  visit("site-order",
        options.site_order,
        "while not at once: visiting (as the model comes by, one pass) or "
        "listed (as the published programs go, a pass a site)");
  visit("target-runs",
        options.target_runs,
        "while not at once, the maps before a site act on target prompts too "
        "(mapped) or on source prompts only (untouched)");
  visit("support-range",
        options.support_range,
        "LO,HI: maps act only between these percentiles of the source "
        "responses; all: everywhere");
  visit("ot-match",
        options.ot_match,
        "unequal counts: exact (quantile coupling) or subsample");
  visit("micro-batch",
        options.micro_batch,
        "prompts in memory at once; the same maps up to rounding; 0: all");
  visit("seed", options.seed, "seed of every random choice");
  if constexpr (requires { options.visit_own(options, visit); })
    options.visit_own(options, visit);
}

/// What a method makes of one site. `score` is what it ranks neurons or sites
/// by, undefined where it does not.
struct SiteFit {
  AffineMap map;
  Tensor score = {};
};

/// A method: how it fits a site, and what is to be known of it before.
struct LayerwiseMethod {
  std::string name;
  MethodTraits traits = {};
  std::function<SiteFit(const Tensor& source_ND, const Tensor& target_MD)> fit;
  /// Has the last word over all sites together, and may add to the provenance;
  /// null where each site stands alone.
  std::function<void(std::vector<SiteFit>& fits, Json& provenance)> choose = {};
  /// The option that makes `choose` rule out some sites or neurons, which only
  /// works at once; "" where it does not.
  std::string choosing_option = {};
};

/// A fit in double as a map: float32, on the CPU.
AffineMap to_map(const AffineFit& fit);

/// The `fit` of a method that is a closed form of ot/ and no more.
inline auto closed_form(AffineFit (*form)(const Tensor&, const Tensor&)) {
  return [form](const Tensor& source_ND, const Tensor& target_MD) {
    return SiteFit{to_map(form(source_ND, target_MD))};
  };
}

/// The options of methods whose closed form has slopes.
struct SlopeOptions : LayerwiseOptions {
  std::string shrink = "error";

  template <typename Options, typename Visitor>
  static void visit_own(Options& options, Visitor& visit) {
    visit("shrink",
          options.shrink,
          "error (of slopes and shifts, site by site, what their sampling "
          "error leaves; slopes within 0.5 to 2) or none (as published)");
  }
};

/// The closed form, shrunk as the options say. Throws usage for another word.
std::function<SiteFit(const Tensor&, const Tensor&)> shrunk_form(
    AffineFit (*form)(const Tensor&, const Tensor&),
    const SlopeOptions& options);

class LayerwiseLearner : public Learner {
 public:
  /// `stated`: all options, for the provenance. Throws usage where one is out
  /// of range.
  LayerwiseLearner(LayerwiseOptions options,
                   LayerwiseMethod method,
                   Json stated,
                   RunFiles files);
  /// The provenance has `transport_loss`: for every mapped site n W2^2 between
  /// its source and target responses (mean over neurons) `before` and `after`
  /// its map. Throws usage for match sites of their own (a layer-wise method
  /// matches where it maps) and for fewer prompts than the method needs.
  MapSet learn(const Problem& problem, Progress& progress) override;

 private:
  LayerwiseOptions options_;
  LayerwiseMethod method_;
  Json stated_;
  RunFiles files_;
};

/// The entry of the method that `describe` makes of its options.
template <typename Options, LayerwiseMethod (*describe)(const Options&)>
Method layerwise_method() {
  return {
      list_options<Options>,
      [](const Json& json, const RunFiles& files) -> std::unique_ptr<Learner> {
        const auto options = from_json<Options>(json);
        return std::make_unique<LayerwiseLearner>(
            options, describe(options), to_json(options), files);
      },
      describe(Options{}).traits};
}

}  // namespace lineas
