// How a block of each type of a GGUF file lies in the file (all numbers little
// endian, d, m and dmin in float16) and what its elements are before they are
// scaled; for dequantize.cpp alone. The operations come in the order of the
// gguf Python package (quants.py): the values must be its own to the last bit.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#define LINEAS_INLINE static inline __attribute__((always_inline))

namespace lineas::blocks {

using Bytes = const uint8_t*;

/// A float16 as float32, exactly.
LINEAS_INLINE float half_at(Bytes at) {
  uint16_t half;
  std::memcpy(&half, at, sizeof(half));
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = half >> 10 & 0x1fU;
  const uint32_t fraction = half & 0x3ffU;
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  const uint32_t widened = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | widened << 23 | fraction << 13);
}

// Each struct below says how many elements share a scale (`group`), what they
// are before it (`unpack`), and the scales; least is added where `has_least`.

struct OneScale {
  static constexpr bool has_least = false;
  LINEAS_INLINE void scales(Bytes block, float* scale, float*) {
    scale[0] = half_at(block);
  }
};
struct ScaleAndLeast {
  static constexpr bool has_least = true;
  LINEAS_INLINE void scales(Bytes block, float* scale, float* least) {
    scale[0] = half_at(block);
    least[0] = half_at(block + 2);
  }
};

// d, 32 nibbles: the low ones first, then the high ones.
struct Q4_0 : OneScale {
  static constexpr int elements = 32, bytes = 18, group = 32;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    const Bytes nibbles = block + 2;
    for (int i = 0; i < 16; ++i) q[i] = (nibbles[i] & 15) - 8;
    for (int i = 0; i < 16; ++i) q[i + 16] = (nibbles[i] >> 4) - 8;
  }
};

// d, m, nibbles as above.
struct Q4_1 : ScaleAndLeast {
  static constexpr int elements = 32, bytes = 20, group = 32;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    const Bytes nibbles = block + 4;
    for (int i = 0; i < 16; ++i) q[i] = nibbles[i] & 15;
    for (int i = 0; i < 16; ++i) q[i + 16] = nibbles[i] >> 4;
  }
};

/// Nibbles as above, with a fifth bit each from a mask, minus `offset`. Bits
/// are compared, not shifted: shifts by lane are slow before AVX-512.
LINEAS_INLINE void five_bits(Bytes mask,
                             Bytes nibbles,
                             int offset,
                             int16_t* q) {
  static constexpr uint16_t kBits[16] = {1,
                                         2,
                                         4,
                                         8,
                                         16,
                                         32,
                                         64,
                                         128,
                                         256,
                                         512,
                                         1024,
                                         2048,
                                         4096,
                                         8192,
                                         16384,
                                         32768};
  uint16_t high[2];
  std::memcpy(high, mask, sizeof(high));
  const auto fifth = [&](int half, int i) {
    return (high[half] & kBits[i]) != 0 ? 16 - offset : -offset;
  };
  for (int i = 0; i < 16; ++i)
    q[i] = static_cast<int16_t>((nibbles[i] & 15) + fifth(0, i));
  for (int i = 0; i < 16; ++i)
    q[i + 16] = static_cast<int16_t>((nibbles[i] >> 4) + fifth(1, i));
}

// d, a mask of 32 bits, nibbles.
struct Q5_0 : OneScale {
  static constexpr int elements = 32, bytes = 22, group = 32;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    five_bits(block + 2, block + 6, 16, q);
  }
};

// d, m, a mask of 32 bits, nibbles.
struct Q5_1 : ScaleAndLeast {
  static constexpr int elements = 32, bytes = 24, group = 32;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    five_bits(block + 4, block + 8, 0, q);
  }
};

// d, 32 signed bytes.
struct Q8_0 : OneScale {
  static constexpr int elements = 32, bytes = 34, group = 32;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    const auto* bytes = reinterpret_cast<const int8_t*>(block + 2);
    for (int i = 0; i < 32; ++i) q[i] = bytes[i];
  }
};

/// 64 bytes of two-bit values: of each half, the lowest bits come first.
LINEAS_INLINE void two_bits(Bytes bytes, int16_t* q) {
  for (int part = 0; part < 8; ++part) {
    const Bytes from = bytes + part / 4 * 32;
    const int shift = part % 4 * 2;
    for (int i = 0; i < 32; ++i) q[part * 32 + i] = from[i] >> shift & 3;
  }
}

// 16 scales (low nibble) and minima (high nibble), two-bit values, d, dmin.
struct Q2_K {
  static constexpr int elements = 256, bytes = 84, group = 16;
  static constexpr bool has_least = true;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    two_bits(block + 16, q);
  }
  LINEAS_INLINE void scales(Bytes block, float* scale, float* least) {
    const float d = half_at(block + 80), dmin = half_at(block + 82);
    for (int i = 0; i < 16; ++i) {
      scale[i] = d * static_cast<float>(block[i] & 15);
      least[i] = -(dmin * static_cast<float>(block[i] >> 4));
    }
  }
};

// 32 bytes of third bits (0: minus 4), two-bit values, 16 scales of 6 bits in
// 12 bytes, d.
struct Q3_K {
  static constexpr int elements = 256, bytes = 110, group = 16;
  static constexpr bool has_least = false;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    two_bits(block + 32, q);
    for (int part = 0; part < 8; ++part)
      for (int i = 0; i < 32; ++i)
        q[part * 32 + i] -=
            static_cast<int16_t>(4 - ((block[i] >> part & 1) << 2));
  }
  LINEAS_INLINE void scales(Bytes block, float* scale, float*) {
    const float d = half_at(block + 108);
    const Bytes packed = block + 96;
    for (int i = 0; i < 16; ++i) {
      const int low = packed[i % 8] >> i / 8 * 4 & 15;
      const int high = packed[8 + i % 4] >> i / 4 * 2 & 3;
      scale[i] = d * static_cast<float>((low | high << 4) - 32);
    }
  }
};

/// 8 scales and minima of 6 bits in 12 bytes, times d and dmin.
LINEAS_INLINE void six_bit_scales(Bytes block, float* scale, float* least) {
  const float d = half_at(block), dmin = half_at(block + 2);
  const Bytes packed = block + 4;
  for (int i = 0; i < 8; ++i) {
    const int last = packed[4 + i];  // the last four bytes serve i of 4 to 7
    const int s =
        i < 4 ? packed[i] & 63 : (last & 15) | (packed[i - 4] >> 2 & 48);
    const int m = i < 4 ? last & 63 : last >> 4 | (packed[i] >> 2 & 48);
    scale[i] = d * static_cast<float>(s);
    least[i] = -(dmin * static_cast<float>(m));
  }
}

/// 128 bytes of nibbles: 32 bytes hold 32 low and then 32 high ones.
LINEAS_INLINE void nibbles_of(Bytes bytes, int16_t* q) {
  for (int part = 0; part < 8; ++part) {
    const Bytes from = bytes + part / 2 * 32;
    const int shift = part % 2 * 4;
    for (int i = 0; i < 32; ++i) q[part * 32 + i] = from[i] >> shift & 15;
  }
}

// d, dmin, scales and minima, nibbles.
struct Q4_K {
  static constexpr int elements = 256, bytes = 144, group = 32;
  static constexpr bool has_least = true;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    nibbles_of(block + 16, q);
  }
  LINEAS_INLINE void scales(Bytes block, float* scale, float* least) {
    six_bit_scales(block, scale, least);
  }
};

// As Q4_K, with 32 bytes of fifth bits (one a group) before the nibbles.
struct Q5_K {
  static constexpr int elements = 256, bytes = 176, group = 32;
  static constexpr bool has_least = true;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    nibbles_of(block + 48, q);
    const Bytes high = block + 16;
    for (int part = 0; part < 8; ++part)
      for (int i = 0; i < 32; ++i)
        q[part * 32 + i] |= static_cast<int16_t>((high[i] >> part & 1) << 4);
  }
  LINEAS_INLINE void scales(Bytes block, float* scale, float* least) {
    six_bit_scales(block, scale, least);
  }
};

// 128 bytes of low nibbles, 64 of upper two bits, 16 signed scales, d.
struct Q6_K {
  static constexpr int elements = 256, bytes = 210, group = 16;
  static constexpr bool has_least = false;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    two_bits(block + 128, q);
    for (int part = 0; part < 8; ++part) {
      const Bytes low = block + part / 4 * 64 + part % 2 * 32;
      const int shift = part % 4 / 2 * 4;
      int16_t* values = q + part * 32;
      for (int i = 0; i < 32; ++i)
        values[i] = static_cast<int16_t>(
            ((low[i] >> shift & 15) | values[i] << 4) - 32);
    }
  }
  LINEAS_INLINE void scales(Bytes block, float* scale, float*) {
    const float d = half_at(block + 208);
    const auto* own = reinterpret_cast<const int8_t*>(block + 192);
    for (int i = 0; i < 16; ++i) scale[i] = d * static_cast<float>(own[i]);
  }
};

/// What the two nibbles of every byte stand for, the low one in the low half.
constexpr std::array<uint32_t, 256> non_linear_pairs() {
  constexpr int16_t kValues[16] = {
      -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  std::array<uint32_t, 256> pairs{};
  for (size_t byte = 0; byte < pairs.size(); ++byte)
    pairs[byte] = static_cast<uint16_t>(kValues[byte & 15]) |
                  static_cast<uint32_t>(kValues[byte >> 4]) << 16;
  return pairs;
}

/// 16 bytes of nibbles as in Q4_0.
LINEAS_INLINE void non_linear(Bytes nibbles, int16_t* q) {
  static constexpr std::array<uint32_t, 256> kPairs = non_linear_pairs();
  uint32_t pairs[16];
  for (int i = 0; i < 16; ++i) pairs[i] = kPairs[nibbles[i]];
  for (int i = 0; i < 16; ++i) q[i] = static_cast<int16_t>(pairs[i] & 0xffffU);
  for (int i = 0; i < 16; ++i) q[i + 16] = static_cast<int16_t>(pairs[i] >> 16);
}

// d, nibbles.
struct Iq4Nl : OneScale {
  static constexpr int elements = 32, bytes = 18, group = 32;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    non_linear(block + 2, q);
  }
};

// d, upper two bits of 8 scales, their low nibbles, 8 groups of nibbles.
struct Iq4Xs {
  static constexpr int elements = 256, bytes = 136, group = 32;
  static constexpr bool has_least = false;
  LINEAS_INLINE void unpack(Bytes block, int16_t* q) {
    for (int i = 0; i < 8; ++i) non_linear(block + 8 + i * 16, q + i * 32);
  }
  LINEAS_INLINE void scales(Bytes block, float* scale, float*) {
    const float d = half_at(block);
    uint16_t high;
    std::memcpy(&high, block + 2, sizeof(high));
    for (int i = 0; i < 8; ++i) {
      const int own = (block[4 + i / 2] >> i % 2 * 4 & 15) | (high >> 2 * i & 3)
                                                                 << 4;
      scale[i] = d * static_cast<float>(own - 32);
    }
  }
};

}  // namespace lineas::blocks
