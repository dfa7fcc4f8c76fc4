// Recording what a model computes: one pooled vector a row and place, or every
// token. Recording never changes a tensor.
#pragma once

#include <functional>
#include <vector>

#include "lineas/tap/drive.h"
#include "lineas/tap/pool.h"

namespace lineas {

/// How rows are read: what is made of their tokens, and in guided batches which
/// half of a row stands for it.
struct Reading {
  Pooling pooling = Pooling::mean;
  Half half = Half::conditional;
};

/// One vector a row, whatever halves the call has: pooled_BD.
Tensor read_rows(const Tensor& x, const PassContext& context, Reading reading);

/// Pools the rows of a run at chosen places; finished after the last of them.
/// A place at every step is read at its first visit. Gradients flow through
/// what it keeps when the grad mode allows.
class PooledRecorder : public Tap {
 public:
  PooledRecorder(std::vector<Place> places, Reading reading);

  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override;
  bool finished() const override { return seen_ == places_.size(); }

  /// pooled_BD of every place, in the order of `places`; undefined where the
  /// run has not come by yet.
  const std::vector<Tensor>& pooled() const { return pooled_; }

 private:
  PlaceList places_;
  Reading reading_;
  std::vector<Tensor> pooled_;
  size_t seen_ = 0;
};

/// Keeps every token at chosen places (their first visit): x_SD, or the model's
/// own layout, a place.
class TokenRecorder : public Tap {
 public:
  explicit TokenRecorder(std::vector<Place> places);
  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override;
  bool finished() const override { return seen_ == places_.size(); }
  const std::vector<Tensor>& tokens() const { return tokens_; }

 private:
  PlaceList places_;
  std::vector<Tensor> tokens_;
  size_t seen_ = 0;
};

/// How recorded rows are read off a drive.
struct RecordOptions {
  Reading reading = {};
  /// Rows a model call; 0: all at once.
  int64_t micro_batch = 0;
  /// Maps that act before the recorder looks; null: the untouched model.
  Tap* before = nullptr;
};

/// pooled_ND of every place for the given rows, without gradients. Throws
/// numeric, naming the place, where a value is NaN or infinite.
std::vector<Tensor> record(Drive& drive,
                           std::span<const int64_t> rows,
                           const std::vector<Place>& places,
                           const RecordOptions& options = {});

/// x_SD of every place: all tokens of the given rows behind each other, on the
/// CPU, otherwise as `record` (the reading is not used).
std::vector<Tensor> record_tokens(Drive& drive,
                                  std::span<const int64_t> rows,
                                  const std::vector<Place>& places,
                                  const RecordOptions& options = {});

/// Throws numeric unless all values are finite; names place and `what`.
void check_finite(const Tensor& values,
                  const std::string& place,
                  const char* what);

}  // namespace lineas
