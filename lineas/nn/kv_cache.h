// Keys and values of all tokens so far, a slot a row of the batch: what makes
// the next token cost one token.
#pragma once

#include <vector>

#include "lineas/nn/row_layout.h"

namespace lineas {

class KvCache {
 public:
  KvCache(int64_t layers, int64_t rows) : rows_(rows), layers_(layers) {}

  /// Writes the new keys and values (k_BTKd, as RowLayout's grid) of `layer`
  /// behind those of every row, and gives back all up to layout.last_key():
  /// k_BKLd, v_BKLd.
  std::pair<Tensor, Tensor> append(int64_t layer,
                                   const Tensor& k_BTKd,
                                   const Tensor& v_BTKd,
                                   const RowLayout& layout);

  /// Keeps only these rows, in this order.
  void keep(const std::vector<int64_t>& rows);
  int64_t rows() const { return rows_; }

 private:
  struct Layer {
    Tensor k_BKLd, v_BKLd;
  };
  void write(Tensor& cache_BKLd,
             const Tensor& new_BTKd,
             const RowLayout& layout) const;

  int64_t rows_;
  std::vector<Layer> layers_;
};

}  // namespace lineas
