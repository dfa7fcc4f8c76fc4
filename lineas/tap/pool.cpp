#include "lineas/tap/pool.h"

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

Tensor pool(const Tensor& x, const PassContext& context, Pooling pooling) {
  const RowAxis& axis = context.row_axis(x);
  if (pooling == Pooling::mean) return axis.mean_BD(x);
  const Tensor x_SD = axis.to_tokens(x);
  const auto type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  std::vector<Tensor> pooled;
  for (int64_t b = 0; b < axis.rows(); ++b) {
    const TokenRange& range = axis.range(b);
    pooled.push_back(
        pool_one(x_SD.slice(0, range.begin, range.end).to(type), pooling));
  }
  return at::stack(pooled);
}

}  // namespace lineas
