#include "lineas/tap/recorder.h"

#include <algorithm>

#include "lineas/base/error.h"

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

// Runs the rows piece by piece, each with a recorder of its own, and puts what
// `kept(recorder)` has of every site together.
template <typename Make, typename Kept>
std::vector<Tensor> record_pieces(Drive& drive,
                                  std::span<const int64_t> rows,
                                  const RecordOptions& options,
                                  Make make_recorder,
                                  Kept kept) {
  const c10::NoGradGuard no_gradients;
  const size_t step =
      options.micro_batch > 0 ? options.micro_batch : rows.size();
  std::vector<std::vector<Tensor>> parts;
  for (size_t begin = 0; begin < rows.size(); begin += step) {
    auto recorder = make_recorder();
    std::vector<Tap*> taps{&recorder};
    if (options.before != nullptr) taps.insert(taps.begin(), options.before);
    ChainTap chain(taps);
    drive.run(rows.subspan(begin, std::min(step, rows.size() - begin)), chain);
    const std::vector<Tensor>& values = kept(recorder);
    parts.resize(values.size());
    for (size_t s = 0; s < values.size(); ++s) parts[s].push_back(values[s]);
  }
  std::vector<Tensor> whole;
  for (const std::vector<Tensor>& part : parts) whole.push_back(at::cat(part));
  return whole;
}

void check_all_finite(const std::vector<Tensor>& values,
                      const SiteTable& table,
                      const std::vector<SiteIndex>& sites) {
  for (size_t s = 0; s < values.size(); ++s)
    check_finite(values[s], table[sites[s]], "the recorded response");
}

}  // namespace

std::vector<Tensor> record(Drive& drive,
                           std::span<const int64_t> rows,
                           const std::vector<SiteIndex>& sites,
                           const RecordOptions& options) {
  const std::vector<Tensor> pooled = record_pieces(
      drive,
      rows,
      options,
      [&] { return PooledRecorder(sites, options.pooling); },
      [](const PooledRecorder& recorder) -> const std::vector<Tensor>& {
        return recorder.pooled();
      });
  check_all_finite(pooled, drive.sites(), sites);
  return pooled;
}

std::vector<Tensor> record_tokens(Drive& drive,
                                  std::span<const int64_t> rows,
                                  const std::vector<SiteIndex>& sites,
                                  const RecordOptions& options) {
  const std::vector<Tensor> tokens = record_pieces(
      drive,
      rows,
      options,
      [&] { return TokenRecorder(sites); },
      [](const TokenRecorder& recorder) -> const std::vector<Tensor>& {
        return recorder.tokens();
      });
  check_all_finite(tokens, drive.sites(), sites);
  return tokens;
}

}  // namespace lineas
