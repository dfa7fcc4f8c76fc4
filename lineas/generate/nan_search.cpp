#include "lineas/generate/nan_search.h"

#include "lineas/base/error.h"
#include "lineas/tap/first_not_finite.h"

namespace lineas {
namespace {

// Runs the tokens [begin, end) of the row behind those that the cache holds.
void run_part(const LanguageModel& model,
              const RowSoFar& row,
              RowView part,
              Tap& tap,
              KvCache& cache) {
  const std::vector<int64_t> ids(row.ids.begin() + part.begin,
                                 row.ids.begin() + part.end);
  part.row = row.row;
  part.position = part.begin;
  part.end -= part.begin;
  part.begin = 0;
  Pass pass(PassContext{.rows = {part}}, &tap);
  const Tensor ids_S = at::tensor(ids, at::kLong).to(model.device());
  run_until_finished(
      [&] { model.logits(model.hidden(ids_S, pass, &cache), pass); });
}

SiteIndex find_not_finite(const LanguageModel& model,
                          const RowSoFar& row,
                          Tap* tap) {
  FirstNotFinite search;
  std::vector<Tap*> taps;
  if (tap != nullptr) taps.push_back(tap);
  taps.push_back(&search);
  ChainTap chain(taps);
  KvCache cache(model.info().layers, 1);
  const auto given = static_cast<int64_t>(row.prompt_size);
  const auto all = static_cast<int64_t>(row.ids.size());
  run_part(model, row, {.begin = 0, .end = given}, chain, cache);
  if (!search.finished() && all > given)
    run_part(model,
             row,
             {.begin = given, .end = all, .phase = Phase::generated},
             chain,
             cache);
  return search.site();
}

}  // namespace

std::string describe_not_finite(const LanguageModel& model,
                                const RowSoFar& row,
                                Tap* tap) {
  const SiteIndex site = find_not_finite(model, row, tap);
  return fmt::format(
      "row {}: the logits are not finite{}. Are the weights sound, the map's "
      "strength moderate, and the dtype wide enough (try --dtype float32)?",
      row.row + 1,
      site < 0 ? std::string(", though every site is when the row is computed "
                             "alone")
               : fmt::format("; the first such value is at site \"{}\"",
                             model.sites()[site].name));
}

void fail_not_finite(const LanguageModel& model,
                     const std::vector<int64_t>& ids,
                     int64_t row,
                     Tap* tap) {
  fail(ErrorKind::numeric,
       "{}",
       describe_not_finite(model, {ids, ids.size(), row}, tap));
}

}  // namespace lineas
