#include "lineas/base/seed.h"

#include <numeric>
#include <utility>

namespace lineas {
namespace {

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15ULL;

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014).
uint64_t finalise(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

uint64_t stable_hash(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3ULL;
  }
  return finalise(hash);
}

uint64_t derive_seed(uint64_t seed, std::initializer_list<uint64_t> labels) {
  uint64_t state = finalise(seed + kGolden);
  for (const uint64_t label : labels) {
    state = finalise(state * 3 + finalise(label + kGolden) + kGolden);
  }
  return state;
}

uint64_t Random::next() {
  state_ += kGolden;
  return finalise(state_);
}

double Random::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

uint64_t Random::below(uint64_t n) {
  // The lowest 2^64 mod n values are drawn again: n divides what is left.
  const uint64_t refused = (0 - n) % n;
  uint64_t bits = next();
  while (bits < refused) bits = next();
  return bits % n;
}

std::vector<int64_t> Random::permutation(int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[below(i)]);
  }
  return order;
}

}  // namespace lineas
