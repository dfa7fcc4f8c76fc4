#include "lineas/tap/recorder.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

// Which rows of the call stand for a row: all, or of guided ones one half.
std::vector<int64_t> rows_of_half(const PassContext& context, Half half) {
  std::vector<int64_t> kept;
  for (size_t b = 0; b < context.rows.size(); ++b)
    if (context.rows[b].half == Half::only || context.rows[b].half == half)
      kept.push_back(static_cast<int64_t>(b));
  return kept;
}

}  // namespace

Tensor read_rows(const Tensor& x, const PassContext& context, Reading reading) {
  const Tensor pooled_BD = pool(x, context, reading.pooling);
  const std::vector<int64_t> kept = rows_of_half(context, reading.half);
  if (kept.size() == context.rows.size()) return pooled_BD;
  return pooled_BD.index_select(
      0, at::tensor(kept, at::kLong).to(pooled_BD.device()));
}

PooledRecorder::PooledRecorder(std::vector<Place> places, Reading reading)
    : places_(std::move(places)), reading_(reading), pooled_(places_.size()) {}

Tensor PooledRecorder::visit(SiteIndex site,
                             Tensor x,
                             const PassContext& context) {
  const int64_t place = places_.find(site, context.step);
  if (place >= 0 && !pooled_[place].defined()) {
    pooled_[place] = read_rows(x, context, reading_);
    ++seen_;
  }
  return x;
}

TokenRecorder::TokenRecorder(std::vector<Place> places)
    : places_(std::move(places)), tokens_(places_.size()) {}

Tensor TokenRecorder::visit(SiteIndex site,
                            Tensor x,
                            const PassContext& context) {
  const int64_t place = places_.find(site, context.step);
  if (place >= 0 && !tokens_[place].defined()) {
    tokens_[place] = x.detach().to(at::kCPU, at::kFloat);
    ++seen_;
  }
  return x;
}

void check_finite(const Tensor& values,
                  const std::string& place,
                  const char* what) {
  if (values.isfinite().all().item<bool>()) return;
  fail(ErrorKind::numeric,
       "site \"{}\": {} has NaN or infinite values. Are the weights up to here "
       "sound, and is the dtype wide enough (try --dtype float32)?",
       place,
       what);
}

namespace {

const std::vector<Tensor>& kept(const PooledRecorder& recorder) {
  return recorder.pooled();
}
const std::vector<Tensor>& kept(const TokenRecorder& recorder) {
  return recorder.tokens();
}

// Runs the rows piece by piece, each with a Recorder(places, more...) of its
// own, and puts what they kept of every place together.
template <typename Recorder, typename... More>
std::vector<Tensor> record_pieces(Drive& drive,
                                  std::span<const int64_t> rows,
                                  const std::vector<Place>& places,
                                  const RecordOptions& options,
                                  More... more) {
  const c10::NoGradGuard no_gradients;
  const size_t step =
      options.micro_batch > 0 ? options.micro_batch : rows.size();
  std::vector<std::vector<Tensor>> parts(places.size());
  for (size_t begin = 0; begin < rows.size(); begin += step) {
    Recorder recorder(places, more...);
    std::vector<Tap*> taps;
    if (options.before != nullptr) taps.push_back(options.before);
    taps.push_back(&recorder);
    ChainTap chain(taps);
    drive.run(rows.subspan(begin, std::min(step, rows.size() - begin)), chain);
    for (size_t p = 0; p < places.size(); ++p) {
      if (!kept(recorder)[p].defined())
        fail(ErrorKind::usage,
             "site \"{}\": the model does not come by it",
             drive.name_of(places[p]));
      parts[p].push_back(kept(recorder)[p]);
    }
  }
  std::vector<Tensor> whole;
  for (size_t p = 0; p < places.size(); ++p) {
    whole.push_back(at::cat(parts[p]));
    check_finite(
        whole.back(), drive.name_of(places[p]), "the recorded response");
  }
  return whole;
}

}  // namespace

std::vector<Tensor> record(Drive& drive,
                           std::span<const int64_t> rows,
                           const std::vector<Place>& places,
                           const RecordOptions& options) {
  return record_pieces<PooledRecorder>(
      drive, rows, places, options, options.reading);
}

std::vector<Tensor> record_tokens(Drive& drive,
                                  std::span<const int64_t> rows,
                                  const std::vector<Place>& places,
                                  const RecordOptions& options) {
  return record_pieces<TokenRecorder>(drive, rows, places, options);
}

}  // namespace lineas
