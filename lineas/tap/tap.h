// Taps watch, and may rewrite, what a model computes. A model calls
// pass.visit(site, x) for every module output and carries on with the answer;
// it never knows which tap it carries.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "lineas/tap/row_axis.h"
#include "lineas/tap/site.h"
#include "lineas/tensor/tensor.h"

namespace lineas {

/// Which part of a guided picture batch a row is; `only` for text.
enum class Half { only, unconditional, conditional };
/// Whether a row's tokens of this call were given or made by the model.
enum class Phase { prompt, generated };

/// One row (prompt) of the current call: its part [begin, end) of the packed
/// token axis, or of the batch axis. `row` is its number in the drive or the
/// generation batch, `position` that of its first token.
struct RowView {
  int64_t row = 0;
  int64_t begin = 0;
  int64_t end = 0;
  int64_t position = 0;
  Half half = Half::only;
  Phase phase = Phase::prompt;

  int64_t size() const { return end - begin; }
};

/// All that a tap may ask about the current model call. Filled by the drive or
/// the generation loop, never by a model.
struct PassContext {
  std::vector<RowView> rows;
  Axis axis = Axis::tokens;  // what the rows count
  int step = 0;              // of the denoising; 0 for text
  /// Of the tensor that is being visited: set by Pass::visit.
  Layout layout = Layout::channels_last;
  /// What row_axis has worked out, shared by copies: rows' bounds and axis stay
  /// as they are from the first visit on.
  std::shared_ptr<RowAxes> axes = std::make_shared<RowAxes>();

  /// Which tokens of the visited x belong to which row.
  const RowAxis& row_axis(const Tensor& x) const { return axes->of(*this, x); }
};

/// Watches, and may rewrite, the tensors of one pass.
class Tap {
 public:
  virtual ~Tap() = default;
  /// x in any layout (context.row_axis knows it); the answer has its shape.
  virtual Tensor visit(SiteIndex site,
                       Tensor x,
                       const PassContext& context) = 0;
  /// True once nothing later in the pass matters.
  virtual bool finished() const { return false; }
};

/// Thrown by Pass::visit to leave a model early. Not an error, and caught only
/// by whoever made the Pass (see run_until_finished).
struct PassEnded {};

/// Runs a model call that its tap may end early.
template <typename Call>
void run_until_finished(Call&& call) {
  try {
    call();
  } catch (const PassEnded&) {
  }
}

/// What a model is handed: a tap (or none) and the context of this call.
class Pass {
 public:
  explicit Pass(PassContext context, Tap* tap = nullptr)
      : context_(std::move(context)), tap_(tap) {}

  /// `layout`: where a module of this kind has its neurons.
  Tensor visit(SiteIndex site,
               Tensor x,
               Layout layout = Layout::channels_last) {
    if (tap_ == nullptr) return x;
    context_.layout = layout;
    Tensor answer = tap_->visit(site, std::move(x), context_);
    if (tap_->finished()) throw PassEnded{};
    return answer;
  }
  const PassContext& context() const { return context_; }
  std::span<const RowView> rows() const { return context_.rows; }

 private:
  PassContext context_;
  Tap* tap_;
};

/// Rows of the given lengths, one behind the other on the packed axis, each
/// starting at position 0. `numbers`: what they are called; empty: 0, 1, ...
std::vector<RowView> pack_rows(std::span<const int64_t> lengths,
                               std::span<const int64_t> numbers = {});

/// Runs taps in order: each sees what the one before answered. Finished when
/// the last one is.
class ChainTap : public Tap {
 public:
  explicit ChainTap(std::vector<Tap*> taps) : taps_(std::move(taps)) {}
  Tensor visit(SiteIndex site, Tensor x, const PassContext& context) override;
  bool finished() const override;

 private:
  std::vector<Tap*> taps_;
};

}  // namespace lineas
