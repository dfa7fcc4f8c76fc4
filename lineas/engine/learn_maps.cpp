#include "lineas/engine/learn_maps.h"

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/engine/calibration.h"
#include "lineas/engine/prompt_sides.h"
#include "lineas/generate/text_drive.h"
#include "lineas/learn/methods.h"

namespace lineas {
namespace {

constexpr const char* kDefaultPatterns[] = {".*post.*layernorm", ".*\\.ln_2"};

// One sentence, of what full strength does to text that should stay.
void warn_of_damage(const Calibration& found) {
  constexpr double kMostRise = 1.1;
  for (const Damage& at : found.damages)
    if (at.strength == 1 &&
        !(at.perplexity <= kMostRise * found.damages[0].perplexity))
      return log_warning(
          "at strength 1 the target prompts' own perplexity goes from {:.4g} "
          "to "
          "{:.4g}; --optimizer gentle, the default, keeps the text, or steer "
          "below {:.2f} (--strengths auto does)",
          found.damages[0].perplexity,
          at.perplexity,
          found.end);
}

// A map that is learned is not given up for what is still to be said of it.
void note_damage(const Engine& engine,
                 const std::vector<std::vector<int64_t>>& prompts,
                 const Progress& progress,
                 MapSet& set) try {
  const Calibration found = calibrate(engine.model(), prompts, set, progress);
  set.provenance["calibration"] = to_json(found);
  warn_of_damage(found);
} catch (const Error& error) {
  if (error.kind() != ErrorKind::cancelled) throw;
  log_warning("stopped before the map was calibrated");
}

}  // namespace

std::string default_sites(const SiteTable& sites) {
  for (const char* pattern : kDefaultPatterns) {
    try {
      sites.match(pattern);
      return pattern;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::not_found) throw;
    }
  }
  fail(ErrorKind::not_found,
       "the model has no sites by the usual names ({}); choose some with "
       "--sites, `lineas inspect MODEL` lists them",
       fmt::join(kDefaultPatterns, ", "));
}

MapSet learn_maps(const Engine& engine,
                  const LearnRequest& request,
                  Progress& progress) {
  make_learner(request.method, request.options);  // errors before any work
  LearnOptions options = request;
  const SiteTable& sites = engine.model().sites();
  if (request.sites.empty()) options.sites = said(default_sites(sites), sites);
  const PromptSet source = taken(request.source, request.take);
  const PromptSet target = taken(request.target, request.take);
  std::vector<std::vector<int64_t>> prompts = engine.encode(source);
  const auto targets = engine.encode(target);
  prompts.insert(prompts.end(), targets.begin(), targets.end());
  TextDrive drive(engine.model(), std::move(prompts));
  MapSet set = learn(drive,
                     {.source_rows = static_cast<int64_t>(source.size()),
                      .device = engine.model().device(),
                      .identity = {{"model", engine.identity()},
                                   {"source", describe_prompts(source)},
                                   {"target", describe_prompts(target)}}},
                     options,
                     progress);
  if (request.calibrates) note_damage(engine, targets, progress, set);
  return set;
}

}  // namespace lineas
