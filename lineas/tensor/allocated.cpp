#include "lineas/tensor/allocated.h"

#include <c10/core/Allocator.h>

#include <algorithm>
#include <atomic>

namespace lineas {

class AllocationCount::Counter : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(
      void*, int64_t size, size_t, size_t, c10::Device) override {
    const int64_t now = held_.fetch_add(size) + size;
    int64_t most = peak_.load();
    while (now > most && !peak_.compare_exchange_weak(most, now)) continue;
  }
  bool memoryProfilingEnabled() const override { return true; }

  int64_t held() const { return held_; }
  int64_t peak() const { return peak_; }
  int64_t restart() {
    const int64_t now = held_;
    peak_ = now;
    return now;
  }

 private:
  std::atomic<int64_t> held_ = 0, peak_ = 0;
};

struct AllocationCount::Guard {
  c10::DebugInfoGuard guard;
};

// The slot is that of LibTorch's own profiler, which nothing here uses.
AllocationCount::AllocationCount()
    : counter_(std::make_shared<Counter>()),
      guard_(new Guard{{c10::DebugInfoKind::PROFILER_STATE, counter_}}) {}
AllocationCount::~AllocationCount() = default;

int64_t AllocationCount::held() const {
  return counter_->held();
}
int64_t AllocationCount::peak() const {
  return counter_->peak();
}
int64_t AllocationCount::restart() {
  return counter_->restart();
}

}  // namespace lineas
