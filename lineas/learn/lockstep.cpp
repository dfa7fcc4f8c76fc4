#include "lineas/learn/lockstep.h"

#include <ATen/Parallel.h>
#include <omp.h>

#include <system_error>
#include <thread>

#include "lineas/base/error.h"

namespace lineas {
namespace {

// That may wait in the teams of all pieces together. Starting one anew takes
// some 50 microseconds, a share of a small model's turn.
constexpr int64_t kMostWaiting = 64;

// A thread that has computed in parallel keeps the threads that helped it for
// the next time. Pieces that wait have no use for them, and pieces times cores
// are more than a system may allow, which ends the process.
void release_team(int64_t pieces) {
  if (pieces * at::get_num_threads() > kMostWaiting)
    omp_pause_resource(omp_pause_soft, omp_get_initial_device());
}

}  // namespace

Lockstep::Lockstep(int64_t count) : wake_(count), is_active_(count, true) {}

void Lockstep::fail_with(std::exception_ptr error) {
  if (!error_) error_ = std::move(error);
}

// Gives the turn to the next piece that is still at work.
void Lockstep::hand_on(int64_t i) {
  const auto count = static_cast<int64_t>(wake_.size());
  for (int64_t k = 1; k <= count; ++k) {
    const int64_t next = (i + k) % count;
    if (!is_active_[next]) continue;
    turn_ = next;
    wake_[next].notify_one();
    return;
  }
}

void Lockstep::wait_for_turn(std::unique_lock<std::mutex>& lock, int64_t i) {
  wake_[i].wait(lock, [this, i] { return turn_ == i; });
  if (error_) throw Stopped{};
}

void Lockstep::yield(int64_t i) {
  const auto count = static_cast<int64_t>(wake_.size());
  if (count == 1) return;
  release_team(count);
  std::unique_lock lock(mutex_);
  hand_on(i);
  wait_for_turn(lock, i);
}

void Lockstep::take_part(int64_t i, const std::function<void(int64_t)>& work) {
  // A new thread has its own OpenMP settings.
  at::init_num_threads();
  std::exception_ptr thrown;
  try {
    {
      std::unique_lock lock(mutex_);
      wait_for_turn(lock, i);
    }
    work(i);
  } catch (const Stopped&) {
  } catch (...) {
    thrown = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  if (thrown) fail_with(thrown);
  is_active_[i] = false;
  hand_on(i);
}

void Lockstep::run(const std::function<void(int64_t)>& work) {
  const auto count = static_cast<int64_t>(wake_.size());
  if (count == 1) return work(0);
  std::vector<std::thread> threads;
  try {
    for (int64_t i = 0; i < count; ++i)
      threads.emplace_back([this, i, &work] { take_part(i, work); });
  } catch (const std::system_error& error) {
    const std::lock_guard lock(mutex_);
    for (int64_t i = threads.size(); i < count; ++i) is_active_[i] = false;
    fail_with(std::make_exception_ptr(
        Error(ErrorKind::resource,
              fmt::format("cannot start {} threads, one a micro-batch: {}. Use "
                          "a larger --micro-batch.",
                          count,
                          error.what()))));
  }
  {
    const std::lock_guard lock(mutex_);
    hand_on(count - 1);
  }
  for (std::thread& thread : threads) thread.join();
  if (error_) std::rethrow_exception(error_);
}

}  // namespace lineas
