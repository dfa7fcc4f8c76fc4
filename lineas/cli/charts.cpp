#include "lineas/cli/charts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace lineas {
namespace {

constexpr const char* kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
constexpr double kWideSpan = 5;

// Means over `columns` shares of nearly equal count.
std::vector<double> shrink(std::span<const double> values, size_t columns) {
  columns = std::min(columns, values.size());
  std::vector<double> means;
  for (size_t c = 0; c < columns; ++c) {
    const size_t begin = c * values.size() / columns;
    const size_t end = (c + 1) * values.size() / columns;
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += values[i];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  return means;
}

}  // namespace

std::string sparkline(std::span<const double> values, size_t columns) {
  std::vector<double> means = shrink(values, columns);
  double low = std::numeric_limits<double>::infinity(), high = -low;
  const auto measure = [&] {
    low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double mean : means)
      if (std::isfinite(mean))
        low = std::min(low, mean), high = std::max(high, mean);
  };
  measure();
  if (low > 0 && high > kWideSpan * low) {
    for (double& mean : means) mean = std::log(mean);
    measure();
  }
  std::string line;
  for (const double mean : means) {
    const double share = high > low ? (mean - low) / (high - low) : 0;
    line += std::isfinite(mean)
                ? kHeights[std::min<size_t>(7, static_cast<size_t>(share * 8))]
                : " ";
  }
  return line;
}

std::string bar(double share, size_t columns) {
  const double wanted = share * static_cast<double>(columns) * 8;
  auto eighths = static_cast<size_t>(std::lround(std::max(0.0, wanted)));
  if (share > 0) eighths = std::max<size_t>(eighths, 1);
  eighths = std::min(eighths, columns * 8);
  std::string line;
  for (size_t i = 0; i < eighths / 8; ++i) line += kEighths[8];
  line += kEighths[eighths % 8];
  const size_t used = (eighths + 7) / 8;
  return line + std::string(columns - used, ' ');
}

}  // namespace lineas
