#include "lineas/tap/pool.h"

#include <algorithm>

#include "lineas/base/error.h"

namespace lineas {
namespace {

constexpr std::pair<Pooling, const char*> kPoolings[] = {
    {Pooling::mean, "mean"},
    {Pooling::max, "max"},
    {Pooling::min, "min"},
    {Pooling::median, "median"},
    {Pooling::last, "last"},
};

// averages_BS @ x_SD is the mean of every row: one product, whose gradient is
// one product too, where a loop would launch a kernel a row.
Tensor averages(std::span<const RowView> rows, int64_t tokens) {
  Tensor weights_BS =
      at::zeros({static_cast<int64_t>(rows.size()), tokens}, at::kFloat);
  float* weights = weights_BS.data_ptr<float>();
  for (size_t b = 0; b < rows.size(); ++b)
    std::fill(weights + b * tokens + rows[b].begin,
              weights + b * tokens + rows[b].end,
              1.0f / static_cast<float>(rows[b].size()));
  return weights_BS;
}

Tensor mean_rows(const Tensor& x_SD, std::span<const RowView> rows) {
  const Tensor weights_BS = averages(rows, x_SD.size(0)).to(x_SD.device());
  return at::matmul(weights_BS, x_SD.to(at::kFloat));
}

Tensor pool_one(const Tensor& x_TD, Pooling pooling) {
  switch (pooling) {
    case Pooling::mean:
      return x_TD.mean(0);
    case Pooling::max:
      return std::get<0>(x_TD.max(0));
    case Pooling::min:
      return std::get<0>(x_TD.min(0));
    case Pooling::median:
      return std::get<0>(x_TD.median(0));
    case Pooling::last:
      return x_TD.select(0, x_TD.size(0) - 1);
  }
  fail(ErrorKind::usage, "unknown pooling");
}

// The tokens or pixels of one row as x_TD, whatever the layout.
Tensor tokens_of(const Tensor& x, const RowView& row) {
  if (x.dim() == 2) return x.slice(0, row.begin, row.end);
  const Tensor one = x.select(0, row.begin);
  return x.dim() == 3 ? one : one.flatten(1).transpose(0, 1);
}

}  // namespace

Pooling parse_pooling(const std::string& name) {
  for (const auto& [pooling, its_name] : kPoolings)
    if (name == its_name) return pooling;
  fail(ErrorKind::usage,
       "--pool {}: unknown pooling. Use mean, max, min, median or last.",
       name);
}

std::string to_string(Pooling pooling) {
  for (const auto& [value, name] : kPoolings)
    if (value == pooling) return name;
  return "?";
}

Tensor pool(const Tensor& x, std::span<const RowView> rows, Pooling pooling) {
  if (x.dim() == 2 && pooling == Pooling::mean) return mean_rows(x, rows);
  std::vector<Tensor> pooled;
  for (const RowView& row : rows)
    pooled.push_back(pool_one(tokens_of(x, row).to(at::kFloat), pooling));
  return at::stack(pooled);
}

}  // namespace lineas
