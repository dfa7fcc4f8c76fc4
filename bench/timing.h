// Clocks and medians of the benchmark programs.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace lineas::bench {

/// Seconds that `work` takes.
template <typename Work>
double seconds_of(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> spent =
      std::chrono::steady_clock::now() - start;
  return spent.count();
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace lineas::bench
