#include "lineas/engine/learn_maps.h"

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/generate/text_drive.h"
#include "lineas/learn/methods.h"

namespace lineas {
namespace {

constexpr const char* kDefaultPatterns[] = {".*post.*layernorm", ".*\\.ln_2"};

PromptSet first_of(PromptSet prompts, int64_t take) {
  const size_t count = take > 0 ? static_cast<size_t>(take) : prompts.size();
  if (count > prompts.size())
    fail(ErrorKind::usage,
         "--take {}: {} has {} prompts",
         take,
         prompts.name,
         prompts.size());
  return first_prompts(std::move(prompts), count);
}

Json describe(const PromptSet& prompts) {
  return {{"name", prompts.name},
          {"count", prompts.size()},
          {"hash", content_hash(prompts)}};
}

std::string choose_pattern(const std::string& asked, const SiteTable& sites) {
  if (!asked.empty()) return asked;
  const std::string pattern = default_sites(sites);
  log_info("sites: {} ({} sites)", pattern, sites.match(pattern).size());
  return pattern;
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
  options.sites = choose_pattern(request.sites, engine.model().sites());
  const PromptSet source = first_of(request.source, request.take);
  const PromptSet target = first_of(request.target, request.take);
  std::vector<std::vector<int64_t>> prompts = engine.encode(source);
  for (auto& ids : engine.encode(target)) prompts.push_back(std::move(ids));
  TextDrive drive(engine.model(), std::move(prompts));
  return learn(drive,
               {.source_rows = static_cast<int64_t>(source.size()),
                .device = engine.model().device(),
                .identity = {{"model", engine.identity()},
                             {"source", describe(source)},
                             {"target", describe(target)}}},
               options,
               progress);
}

}  // namespace lineas
