// How much memory tensors take while something runs, counted at the allocators
// of LibTorch: what a plan of a large run is made of.
#pragma once

#include <cstdint>
#include <memory>

namespace lineas {

/// Counts what this thread allocates and frees of tensor memory, on any device,
/// for as long as it lives. They nest; only the innermost counts. LibTorch
/// warns once where memory is freed that was there before.
class AllocationCount {
 public:
  AllocationCount();
  ~AllocationCount();
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

  /// Bytes that were allocated since and are still held.
  int64_t held() const;
  /// The most there were at once.
  int64_t peak() const;
  /// Forgets the peak: counts it anew from what is held now, which it returns.
  int64_t restart();

 private:
  class Counter;
  struct Guard;
  std::shared_ptr<Counter> counter_;
  std::unique_ptr<Guard> guard_;
};

}  // namespace lineas
