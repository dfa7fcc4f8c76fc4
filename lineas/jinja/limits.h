// What one rendering may cost. A template comes from outside and may loop or
// grow without end; every part of the interpreter pays here first.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lineas/base/error.h"

namespace lineas::jinja {

struct Limits {
  int64_t steps = 10'000'000;        // nodes evaluated, items visited
  size_t bytes = size_t{256} << 20;  // made in all, dropped or not
};

/// Values may lie in each other this deep (and be freed without recursion
/// that the stack could not hold).
inline constexpr int kDeepestValue = 200;
/// Bytes that printing one value may take.
inline constexpr size_t kHeaviestValue = size_t{64} << 20;
/// Statements, expressions and calls inside one another while rendering.
inline constexpr int kDeepestRun = 1200;
/// Nodes inside one another in a template.
inline constexpr int kDeepestTemplate = 200;
/// How many items range() may have, as in the sandbox of Jinja.
inline constexpr int64_t kLongestRange = 100'000;

/// Counts what was spent; throws a resource Error when it is too much.
class Meter {
 public:
  explicit Meter(const Limits& limits) : left_(limits) {}

  void step(int64_t count = 1) {
    left_.steps -= count;
    if (left_.steps < 0 || count < 0)
      fail(ErrorKind::resource,
           "the template runs too long: it was stopped after the steps that "
           "a rendering may take");
  }
  void grow(size_t bytes) {
    if (bytes > left_.bytes)
      fail(ErrorKind::resource,
           "the template makes too much text: it was stopped at the bytes "
           "that a rendering may use");
    left_.bytes -= bytes;
  }

  /// One level deeper while it lives.
  class Level {
   public:
    explicit Level(Meter& meter) : meter_(meter) {
      if (++meter_.depth_ > kDeepestRun) {
        --meter_.depth_;
        fail(ErrorKind::resource,
             "the template calls itself too deeply: more than {} levels",
             kDeepestRun);
      }
    }
    ~Level() { --meter_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Meter& meter_;
  };

 private:
  Limits left_;
  int depth_ = 0;
};

}  // namespace lineas::jinja
