// Random numbers that depend only on what they are for: a user's seed and a few
// labels, never on batch order or on what was drawn before.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace lineas {

/// A 64-bit hash (FNV-1a then splitmix finaliser), stable across platforms.
uint64_t stable_hash(std::string_view bytes);
/// Mixes labels into a seed; derive_seed(s, {a, b}) != derive_seed(s, {b, a}).
uint64_t derive_seed(uint64_t seed, std::initializer_list<uint64_t> labels);

/// splitmix64: small, fast, reproducible everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next();
  /// Uniform in [0, 1) with 53 random bits.
  double uniform();
  /// Uniform in [0, n), n >= 1, without modulo bias.
  uint64_t below(uint64_t n);
  /// A random order of 0 .. n-1 (Fisher-Yates).
  std::vector<int64_t> permutation(int64_t n);

 private:
  uint64_t state_;
};

}  // namespace lineas
