// Shapes: N slots, B rows of a call, K key heads, L keys, T new tokens, d.
#include "lineas/nn/kv_cache.h"

#include <algorithm>
#include <numeric>

namespace lineas {
namespace {

constexpr int64_t kFirstCapacity = 64;

int64_t enlarge(int64_t held, int64_t wanted) {
  return held >= wanted ? held : std::max(2 * held, wanted);
}

// Zeros, not raw memory: a masked key has weight 0, but 0 * NaN is NaN.
void grow(Tensor& cache_NKLd,
          const Tensor& like_BTKd,
          int64_t slots,
          int64_t keys) {
  const int64_t held_slots = cache_NKLd.defined() ? cache_NKLd.size(0) : 0;
  const int64_t held_keys = cache_NKLd.defined() ? cache_NKLd.size(2) : 0;
  if (held_slots >= slots && held_keys >= keys) return;
  Tensor grown = at::zeros({enlarge(held_slots, slots),
                            like_BTKd.size(2),
                            std::max(kFirstCapacity, enlarge(held_keys, keys)),
                            like_BTKd.size(3)},
                           like_BTKd.options());
  if (held_slots > 0)
    grown.narrow(0, 0, held_slots).narrow(2, 0, held_keys).copy_(cache_NKLd);
  cache_NKLd = grown;
}

}  // namespace

KvCache::KvCache(int64_t layers, int64_t slots)
    : is_taken_(slots, true), layers_(layers) {
  std::vector<int64_t> all(slots);
  std::iota(all.begin(), all.end(), 0);
  use(std::move(all));
}

template <typename Change>
void KvCache::change_layers(Change&& change) {
  for (Layer& layer : layers_)
    for (Tensor* cache : {&layer.k_NKLd, &layer.v_NKLd})
      if (cache->defined()) change(*cache);
}

int64_t KvCache::take() {
  const auto free = std::find(is_taken_.begin(), is_taken_.end(), false);
  const int64_t slot = free - is_taken_.begin();
  if (free == is_taken_.end()) is_taken_.push_back(false);
  is_taken_[slot] = true;
  change_layers([slot](Tensor& cache_NKLd) {
    if (slot < cache_NKLd.size(0)) cache_NKLd[slot].zero_();
  });
  return slot;
}

void KvCache::give_back(int64_t slot) {
  is_taken_[slot] = false;
}

void KvCache::keep(const std::vector<int64_t>& slots) {
  const auto slot_count = static_cast<int64_t>(is_taken_.size());
  const auto kept = static_cast<int64_t>(slots.size());
  change_layers([&](Tensor& cache_NKLd) {
    grow(cache_NKLd, cache_NKLd.transpose(1, 2), slot_count, 0);
    for (int64_t i = 0; i < kept; ++i)
      if (slots[i] != i) cache_NKLd[i].copy_(cache_NKLd[slots[i]]);
  });
  std::fill(is_taken_.begin(), is_taken_.end(), false);
  std::fill_n(is_taken_.begin(), kept, true);
}

void KvCache::copy_prefix(int64_t from, int64_t to, int64_t tokens) {
  const auto slot_count = static_cast<int64_t>(is_taken_.size());
  change_layers([&](Tensor& cache_NKLd) {
    grow(cache_NKLd, cache_NKLd.transpose(1, 2), slot_count, tokens);
    cache_NKLd[to]
        .narrow(1, 0, tokens)
        .copy_(cache_NKLd[from].narrow(1, 0, tokens));
  });
}

void KvCache::use(std::vector<int64_t> slots) {
  if (slots == used_ && !slots.empty()) return;
  used_ = std::move(slots);
  used_index_ = Tensor();
  const bool follow =
      std::adjacent_find(used_.begin(), used_.end(), [](int64_t a, int64_t b) {
        return b != a + 1;
      }) == used_.end();
  first_used_ = follow && !used_.empty() ? used_[0] : -1;
}

void KvCache::write(Tensor& cache_NKLd,
                    const Tensor& new_BTKd,
                    const RowLayout& layout) const {
  const int64_t tokens = layout.longest();
  // A row that is shorter than the grid writes padding behind its end; its next
  // token overwrites that before any query can see it.
  int64_t keys = 0;
  for (int64_t start : layout.starts()) keys = std::max(keys, start + tokens);
  grow(cache_NKLd, new_BTKd, static_cast<int64_t>(is_taken_.size()), keys);
  if (layout.starts_are_equal() && uses_neighbours()) {
    cache_NKLd.narrow(0, first_used_, layout.rows())
        .narrow(2, layout.starts()[0], tokens)
        .copy_(new_BTKd.transpose(1, 2));
    return;
  }
  for (int64_t b = 0; b < layout.rows(); ++b)
    cache_NKLd[used_[b]]
        .narrow(1, layout.starts()[b], tokens)
        .copy_(new_BTKd[b].transpose(0, 1));
}

Tensor KvCache::read(const Tensor& cache_NKLd, int64_t keys) const {
  const Tensor seen_NKLd = cache_NKLd.narrow(2, 0, keys);
  if (uses_neighbours())
    return seen_NKLd.narrow(0, first_used_, static_cast<int64_t>(used_.size()));
  if (!used_index_.defined())
    used_index_ = at::tensor(used_, at::kLong).to(cache_NKLd.device());
  return seen_NKLd.index_select(0, used_index_);
}

std::pair<Tensor, Tensor> KvCache::append(int64_t layer,
                                          const Tensor& k_BTKd,
                                          const Tensor& v_BTKd,
                                          const RowLayout& layout) {
  Layer& at = layers_[layer];
  write(at.k_NKLd, k_BTKd, layout);
  write(at.v_NKLd, v_BTKd, layout);
  return {read(at.k_NKLd, layout.last_key()),
          read(at.v_NKLd, layout.last_key())};
}

}  // namespace lineas
