// Turn-taking: several pieces of work that stop half-way and go on, each in a
// thread of its own, while exactly one of them computes at any time, always in
// the same order. So a pass through a model can wait for others in the middle
// of a model that knows nothing of it. Knows no tensors.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

namespace lineas {

class Lockstep {
 public:
  /// `count` pieces of work, 1 or more.
  explicit Lockstep(int64_t count);

  /// Runs work(0) .. work(count - 1), in turns, and returns when all have
  /// ended. A single one runs in this thread. Where one throws, every other one
  /// ends at its next turn, and then the first exception is thrown here.
  void run(const std::function<void(int64_t)>& work);

  /// To be called by work(i): lets every other piece have its turn, in order,
  /// and returns when it is i's again. Throws (what only run knows) where
  /// another piece has failed.
  void yield(int64_t i);

 private:
  struct Stopped {};

  void take_part(int64_t i, const std::function<void(int64_t)>& work);
  void hand_on(int64_t i);
  void wait_for_turn(std::unique_lock<std::mutex>& lock, int64_t i);
  void fail_with(std::exception_ptr error);

  std::mutex mutex_;
  std::vector<std::condition_variable> wake_;
  std::vector<bool> is_active_;
  int64_t turn_ = -1;
  std::exception_ptr error_;
};

}  // namespace lineas
