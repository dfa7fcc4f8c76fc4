#include "lineas/tap/recorder.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/tap/stop_tap.h"

namespace lineas {
namespace {

// Place of `site` in `sites`, or -1: the lists are short.
int64_t place_of(SiteIndex site, const std::vector<SiteIndex>& sites) {
  const auto found = std::find(sites.begin(), sites.end(), site);
  return found == sites.end() ? -1 : found - sites.begin();
}

}  // namespace

PooledRecorder::PooledRecorder(std::vector<SiteIndex> sites, Pooling pooling)
    : sites_(std::move(sites)), pooling_(pooling), pooled_(sites_.size()) {}

Tensor PooledRecorder::visit(SiteIndex site,
                             Tensor x,
                             const PassContext& context) {
  const int64_t place = context.recompute ? -1 : place_of(site, sites_);
  if (place >= 0) {
    pooled_[place] = pool(x, context.rows, pooling_);
    ++seen_;
  }
  return x;
}

TokenRecorder::TokenRecorder(std::vector<SiteIndex> sites)
    : sites_(std::move(sites)), tokens_(sites_.size()) {}

Tensor TokenRecorder::visit(SiteIndex site,
                            Tensor x,
                            const PassContext& context) {
  const int64_t place = context.recompute ? -1 : place_of(site, sites_);
  if (place >= 0) {
    tokens_[place] = x.detach().to(at::kCPU, at::kFloat);
    ++seen_;
  }
  return x;
}

void check_finite(const Tensor& values, const Site& site, const char* what) {
  if (values.isfinite().all().item<bool>()) return;
  fail(ErrorKind::numeric,
       "site \"{}\": {} has NaN or infinite values. Are the weights up to here "
       "sound, and is the dtype wide enough (try --dtype float32)?",
       site.name,
       what);
}

namespace {

const std::vector<Tensor>& kept(const PooledRecorder& recorder) {
  return recorder.pooled();
}
const std::vector<Tensor>& kept(const TokenRecorder& recorder) {
  return recorder.tokens();
}

// Runs the rows piece by piece, each with a Recorder(sites, more...) of its
// own, and puts what they kept of every site together.
template <typename Recorder, typename... More>
std::vector<Tensor> record_pieces(Drive& drive,
                                  std::span<const int64_t> rows,
                                  const std::vector<SiteIndex>& sites,
                                  const RecordOptions& options,
                                  More... more) {
  const c10::NoGradGuard no_gradients;
  const size_t step =
      options.micro_batch > 0 ? options.micro_batch : rows.size();
  StopTap stop(options.is_cancelled);
  std::vector<std::vector<Tensor>> parts(sites.size());
  for (size_t begin = 0; begin < rows.size(); begin += step) {
    Recorder recorder(sites, more...);
    std::vector<Tap*> taps{&stop};
    if (options.before != nullptr) taps.push_back(options.before);
    taps.push_back(&recorder);
    ChainTap chain(taps);
    drive.run(rows.subspan(begin, std::min(step, rows.size() - begin)), chain);
    for (size_t s = 0; s < sites.size(); ++s)
      parts[s].push_back(kept(recorder)[s]);
  }
  std::vector<Tensor> whole;
  for (size_t s = 0; s < sites.size(); ++s) {
    whole.push_back(at::cat(parts[s]));
    check_finite(
        whole.back(), drive.sites()[sites[s]], "the recorded response");
  }
  return whole;
}

}  // namespace

std::vector<Tensor> record(Drive& drive,
                           std::span<const int64_t> rows,
                           const std::vector<SiteIndex>& sites,
                           const RecordOptions& options) {
  return record_pieces<PooledRecorder>(
      drive, rows, sites, options, options.pooling);
}

std::vector<Tensor> record_tokens(Drive& drive,
                                  std::span<const int64_t> rows,
                                  const std::vector<SiteIndex>& sites,
                                  const RecordOptions& options) {
  return record_pieces<TokenRecorder>(drive, rows, sites, options);
}

}  // namespace lineas
