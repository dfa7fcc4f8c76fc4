// Recording what a model computes: one pooled vector a row and site, or every
// token. Recording never changes a tensor.
#pragma once

#include <functional>
#include <vector>

#include "lineas/tap/drive.h"
#include "lineas/tap/pool.h"

namespace lineas {

/// Pools the rows of one pass at chosen sites; finished after the last of them.
/// Gradients flow through what it keeps when the grad mode allows.
class PooledRecorder : public Tap {
 public:
  PooledRecorder(std::vector<SiteIndex> sites, Pooling pooling);

  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override;
  bool finished() const override { return seen_ == sites_.size(); }

  /// pooled_BD of every site, in the order of `sites`.
  const std::vector<Tensor>& pooled() const { return pooled_; }

 private:
  std::vector<SiteIndex> sites_;
  Pooling pooling_;
  std::vector<Tensor> pooled_;
  size_t seen_ = 0;
};

/// Keeps every token at chosen sites: x_SD (or the model's own layout) a site.
class TokenRecorder : public Tap {
 public:
  explicit TokenRecorder(std::vector<SiteIndex> sites);
  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override;
  bool finished() const override { return seen_ == sites_.size(); }
  const std::vector<Tensor>& tokens() const { return tokens_; }

 private:
  std::vector<SiteIndex> sites_;
  std::vector<Tensor> tokens_;
  size_t seen_ = 0;
};

/// How recorded rows are read off a drive.
struct RecordOptions {
  Pooling pooling = Pooling::mean;
  /// Rows a model call; 0: all at once.
  int64_t micro_batch = 0;
  /// Maps that act before the recorder looks; null: the untouched model.
  Tap* before = nullptr;
  /// Asked at every site of every call; recording then throws cancelled.
  std::function<bool()> is_cancelled = {};
};

/// pooled_ND of every site for the given rows, without gradients. Throws
/// numeric, naming the site, where a value is NaN or infinite.
std::vector<Tensor> record(Drive& drive,
                           std::span<const int64_t> rows,
                           const std::vector<SiteIndex>& sites,
                           const RecordOptions& options = {});

/// x_SD of every site: all tokens of the given rows behind each other, on the
/// CPU, otherwise as `record` (the pooling is not used).
std::vector<Tensor> record_tokens(Drive& drive,
                                  std::span<const int64_t> rows,
                                  const std::vector<SiteIndex>& sites,
                                  const RecordOptions& options = {});

/// Throws numeric unless all values are finite; names site and `what`.
void check_finite(const Tensor& values, const Site& site, const char* what);

}  // namespace lineas
