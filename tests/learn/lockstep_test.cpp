// Turns: their order, that one computes at a time, and that a failure anywhere
// ends all of them.
#include "lineas/learn/lockstep.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/support/errors.h"

namespace lineas {
namespace {

using Turns = std::vector<std::pair<int64_t, int>>;

TEST(Lockstep, EveryPieceHasItsTurnInOrder) {
  Lockstep turns(3);
  Turns seen;
  turns.run([&](int64_t i) {
    // The middle one ends early, the last one late.
    const int stages = i == 1 ? 1 : i == 2 ? 4 : 3;
    for (int stage = 0; stage < stages; ++stage) {
      seen.emplace_back(i, stage);
      turns.yield(i);
    }
  });
  EXPECT_EQ(
      seen,
      Turns({{0, 0}, {1, 0}, {2, 0}, {0, 1}, {2, 1}, {0, 2}, {2, 2}, {2, 3}}));
}

TEST(Lockstep, OneComputesAtATime) {
  Lockstep turns(20);
  std::atomic<int> inside = 0, most = 0, done = 0;
  turns.run([&](int64_t i) {
    for (int stage = 0; stage < 5; ++stage) {
      most = std::max(most.load(), ++inside);
      std::this_thread::yield();
      --inside;
      turns.yield(i);
    }
    ++done;
  });
  EXPECT_EQ(most, 1);
  EXPECT_EQ(done, 20);
}

TEST(Lockstep, ASingleOneRunsInTheCallersThread) {
  Lockstep turns(1);
  std::thread::id ran;
  turns.run([&](int64_t i) {
    turns.yield(i);
    ran = std::this_thread::get_id();
  });
  EXPECT_EQ(ran, std::this_thread::get_id());
}

TEST(Lockstep, ThreadsComputeWithAsManyThreadsAsTheCaller) {
  const int before = at::get_num_threads();
  at::set_num_threads(3);
  std::vector<int> found(2);
  Lockstep(2).run([&](int64_t i) { found[i] = at::get_num_threads(); });
  at::set_num_threads(before);
  EXPECT_EQ(found, std::vector<int>({3, 3}));
}

int64_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

// Otherwise as many as there are pieces times cores.
TEST(Lockstep, PiecesThatWaitKeepNoTeam) {
  constexpr int64_t kPieces = 40;
  const int before = at::get_num_threads();
  at::set_num_threads(4);
  const int64_t outside = threads_of_this_process();
  int64_t most = 0;
  Lockstep turns(kPieces);
  turns.run([&](int64_t i) {
    for (int stage = 0; stage < 2; ++stage) {
      std::atomic<int64_t> sum = 0;
      at::parallel_for(
          0, 4, 1, [&](int64_t from, int64_t to) { sum += to - from; });
      EXPECT_EQ(sum, 4);
      most = std::max(most, threads_of_this_process());
      turns.yield(i);
    }
  });
  at::set_num_threads(before);
  EXPECT_GE(most, outside + kPieces) << "or the test shows nothing";
  EXPECT_LE(most, outside + kPieces + 8) << "one team, and one that ends";
}

// Whoever fails, and whenever: the others end, and what they hold is freed.
TEST(Lockstep, AFailureEndsAllAndIsThrown) {
  for (const int64_t culprit : {0, 2, 4})
    for (const int when : {0, 1, 3}) {
      Lockstep turns(5);
      std::atomic<int> held = 0;
      struct Holder {
        explicit Holder(std::atomic<int>& count) : count(count) { ++count; }
        ~Holder() { --count; }
        std::atomic<int>& count;
      };
      testing::expect_error(ErrorKind::numeric, {"boom"}, [&] {
        turns.run([&](int64_t i) {
          const Holder holder(held);
          for (int stage = 0; stage < 4; ++stage) {
            if (i == culprit && stage == when) fail(ErrorKind::numeric, "boom");
            turns.yield(i);
          }
        });
      });
      EXPECT_EQ(held, 0);
    }
}

// A model that swallows what it does not know cannot make the others wait.
TEST(Lockstep, EndsThoughAPieceSwallowsTheEnd) {
  Lockstep turns(3);
  int swallowed = 0;
  testing::expect_error(ErrorKind::numeric, {"boom"}, [&] {
    turns.run([&](int64_t i) {
      if (i == 0) fail(ErrorKind::numeric, "boom");
      for (int stage = 0; stage < 3; ++stage) try {
          turns.yield(i);
        } catch (...) {
          ++swallowed;
        }
    });
  });
  EXPECT_EQ(swallowed, 0);  // they had not begun
  Lockstep later(2);
  testing::expect_error(ErrorKind::numeric, {"late"}, [&] {
    later.run([&](int64_t i) {
      for (int stage = 0; stage < 3; ++stage) try {
          later.yield(i);
          if (i == 0) break;
        } catch (...) {
          ++swallowed;
        }
      if (i == 0) fail(ErrorKind::numeric, "late");
    });
  });
  EXPECT_GT(swallowed, 0);
}

}  // namespace
}  // namespace lineas
