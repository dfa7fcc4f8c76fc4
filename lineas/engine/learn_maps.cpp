#include "lineas/engine/learn_maps.h"

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/engine/prompt_sides.h"
#include "lineas/generate/text_drive.h"
#include "lineas/learn/methods.h"

namespace lineas {
namespace {

constexpr const char* kDefaultPatterns[] = {".*post.*layernorm", ".*\\.ln_2"};

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
  for (auto& ids : engine.encode(target)) prompts.push_back(std::move(ids));
  TextDrive drive(engine.model(), std::move(prompts));
  return learn(drive,
               {.source_rows = static_cast<int64_t>(source.size()),
                .device = engine.model().device(),
                .identity = {{"model", engine.identity()},
                             {"source", describe_prompts(source)},
                             {"target", describe_prompts(target)}}},
               options,
               progress);
}

}  // namespace lineas
