#include "lineas/generate/nan_search.h"

#include "lineas/base/error.h"

namespace lineas {
namespace {

class FirstNotFinite : public Tap {
 public:
  Tensor visit(SiteIndex site, Tensor x, const PassContext&) override {
    if (site_ < 0 && !x.isfinite().all().item<bool>()) site_ = site;
    return x;
  }
  bool finished() const override { return site_ >= 0; }
  SiteIndex site() const { return site_; }

 private:
  SiteIndex site_ = -1;
};

}  // namespace

void fail_not_finite(const LanguageModel& model,
                     const std::vector<int64_t>& ids,
                     int64_t row,
                     Tap* tap) {
  FirstNotFinite search;
  std::vector<Tap*> taps;
  if (tap != nullptr) taps.push_back(tap);
  taps.push_back(&search);
  ChainTap chain(taps);
  const auto count = static_cast<int64_t>(ids.size());
  Pass pass(PassContext{.rows = {{.row = row, .begin = 0, .end = count}}},
            &chain);
  const Tensor ids_S = at::tensor(ids, at::kLong).to(model.device());
  run_until_finished([&] { model.logits(model.hidden(ids_S, pass), pass); });
  fail(ErrorKind::numeric,
       "row {}: the logits are not finite{}. Are the weights sound, the map's "
       "strength moderate, and the dtype wide enough (try --dtype float32)?",
       row + 1,
       search.site() < 0 ? std::string(", though every site is when the row is "
                                       "computed alone")
                         : fmt::format("; the first such value is at site "
                                       "\"{}\"",
                                       model.sites()[search.site()].name));
}

}  // namespace lineas
