// Keys and values of all tokens so far, a slot a row: what makes the next token
// cost one token. Slots are taken and given back while others are in use.
#pragma once

#include <vector>

#include "lineas/nn/row_layout.h"

namespace lineas {

class KvCache {
 public:
  /// The slots 0 ... slots - 1 are taken, and used in this order.
  KvCache(int64_t layers, int64_t slots);

  /// The lowest slot that nobody has; nothing of its former row is left.
  int64_t take();
  void give_back(int64_t slot);
  /// These slots, ascending, become 0, 1, ...; all others are given back.
  void keep(const std::vector<int64_t>& slots);
  /// The first tokens of a slot become those of another.
  void copy_prefix(int64_t from, int64_t to, int64_t tokens);

  /// The slots of the rows of the calls to come, in their order. Slots that
  /// follow each other are read where they lie, others are copied together.
  void use(std::vector<int64_t> slots);

  /// Writes the new keys and values (k_BTKd, as RowLayout's grid) of `layer`
  /// behind those of every row, and gives back all up to layout.last_key():
  /// k_BKLd, v_BKLd.
  std::pair<Tensor, Tensor> append(int64_t layer,
                                   const Tensor& k_BTKd,
                                   const Tensor& v_BTKd,
                                   const RowLayout& layout);

 private:
  struct Layer {
    Tensor k_NKLd, v_NKLd;  // N slots, L tokens of room
  };
  bool uses_neighbours() const { return first_used_ >= 0; }
  void write(Tensor& cache_NKLd,
             const Tensor& new_BTKd,
             const RowLayout& layout) const;
  Tensor read(const Tensor& cache_NKLd, int64_t keys) const;
  template <typename Change>
  void change_layers(Change&& change);

  std::vector<bool> is_taken_;  // by slot
  std::vector<int64_t> used_;
  int64_t first_used_ = 0;     // of slots that follow each other, else -1
  mutable Tensor used_index_;  // the same on the device, made where needed
  std::vector<Layer> layers_;
};

}  // namespace lineas
