#include "lineas/nn/kv_cache.h"

#include <algorithm>

namespace lineas {
namespace {

constexpr int64_t kFirstCapacity = 64;

// Zeros, not raw memory: a masked key has weight 0, but 0 * NaN is NaN.
void grow(Tensor& cache_BKLd, const Tensor& like_BTKd, int64_t keys) {
  const int64_t held = cache_BKLd.defined() ? cache_BKLd.size(2) : 0;
  if (held >= keys) return;
  const int64_t capacity = std::max({kFirstCapacity, 2 * held, keys});
  Tensor grown = at::zeros(
      {like_BTKd.size(0), like_BTKd.size(2), capacity, like_BTKd.size(3)},
      like_BTKd.options());
  if (held > 0) grown.narrow(2, 0, held).copy_(cache_BKLd);
  cache_BKLd = grown;
}

}  // namespace

void KvCache::write(Tensor& cache_BKLd,
                    const Tensor& new_BTKd,
                    const RowLayout& layout) const {
  const int64_t tokens = layout.longest();
  // A row that is shorter than the grid writes padding behind its end; its next
  // token overwrites that before any query can see it.
  int64_t keys = 0;
  for (int64_t start : layout.starts()) keys = std::max(keys, start + tokens);
  grow(cache_BKLd, new_BTKd, keys);
  if (layout.starts_are_equal()) {
    cache_BKLd.narrow(2, layout.starts()[0], tokens)
        .copy_(new_BTKd.transpose(1, 2));
    return;
  }
  for (int64_t b = 0; b < layout.rows(); ++b)
    cache_BKLd[b]
        .narrow(1, layout.starts()[b], tokens)
        .copy_(new_BTKd[b].transpose(0, 1));
}

std::pair<Tensor, Tensor> KvCache::append(int64_t layer,
                                          const Tensor& k_BTKd,
                                          const Tensor& v_BTKd,
                                          const RowLayout& layout) {
  Layer& at = layers_[layer];
  write(at.k_BKLd, k_BTKd, layout);
  write(at.v_BKLd, v_BTKd, layout);
  return {at.k_BKLd.narrow(2, 0, layout.last_key()),
          at.v_BKLd.narrow(2, 0, layout.last_key())};
}

void KvCache::keep(const std::vector<int64_t>& rows) {
  const Tensor index = at::tensor(rows, at::kLong);
  for (Layer& layer : layers_) {
    if (!layer.k_BKLd.defined()) continue;
    layer.k_BKLd =
        layer.k_BKLd.index_select(0, index.to(layer.k_BKLd.device()));
    layer.v_BKLd =
        layer.v_BKLd.index_select(0, index.to(layer.v_BKLd.device()));
  }
  rows_ = static_cast<int64_t>(rows.size());
}

}  // namespace lineas
