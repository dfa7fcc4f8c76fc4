#include "lineas/tap/tap.h"

namespace lineas {

std::vector<RowView> pack_rows(std::span<const int64_t> lengths,
                               std::span<const int64_t> numbers) {
  std::vector<RowView> rows;
  int64_t begin = 0;
  for (size_t i = 0; i < lengths.size(); ++i) {
    rows.push_back(
        {.row = numbers.empty() ? static_cast<int64_t>(i) : numbers[i],
         .begin = begin,
         .end = begin + lengths[i]});
    begin += lengths[i];
  }
  return rows;
}

Tensor ChainTap::visit(SiteIndex site, Tensor x, const PassContext& context) {
  for (Tap* tap : taps_) x = tap->visit(site, std::move(x), context);
  return x;
}

bool ChainTap::finished() const {
  return !taps_.empty() && taps_.back()->finished();
}

}  // namespace lineas
