// Blocks become numbers a tile at a time: unpacked to int16, then scaled,
// without fused multiply-add. The loops are inlined into functions that the
// compiler clones for AVX-512, AVX2 and the baseline.
#include "lineas/tensor/dequantize.h"

#include <bit>

#include "lineas/base/error.h"
#include "lineas/tensor/ggml_blocks.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define LINEAS_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LINEAS_CLONES
#endif

namespace lineas {
namespace {

using namespace blocks;  // NOLINT: they are made for this file

constexpr int kTile = 256;  // elements that are decoded together

LINEAS_INLINE void store(float value, float& out) {
  out = value;
}
// Round to nearest even; NaN stays NaN.
LINEAS_INLINE void store(float value, uint16_t& out) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
  const bool is_nan = (bits & 0x7fffffffU) > 0x7f800000U;
  out = static_cast<uint16_t>(is_nan ? 0x7fc0U : rounded);
}

/// `count` blocks, at most a tile: all are unpacked before any is scaled, which
/// the processor can overlap.
template <typename Block, typename Out>
LINEAS_INLINE void decode_tile(Bytes blocks, int count, Out* out) {
  constexpr int kGroups = Block::elements / Block::group;
  alignas(64) int16_t q[kTile];
  float scale[kTile / Block::group], least[kTile / Block::group];
  for (int b = 0; b < count; ++b) {
    const Bytes block = blocks + b * Block::bytes;
    Block::unpack(block, q + b * Block::elements);
    Block::scales(block, scale + b * kGroups, least + b * kGroups);
  }
  for (int g = 0; g < count * kGroups; ++g)
    for (int i = 0; i < Block::group; ++i) {
      const int at = g * Block::group + i;
      const float value = scale[g] * static_cast<float>(q[at]);
      if constexpr (Block::has_least)
        store(value + least[g], out[at]);
      else
        store(value, out[at]);
    }
}

template <typename Block, typename Out>
LINEAS_INLINE void decode_all(Bytes blocks, int64_t count, Out* out) {
  constexpr int kBlocks = kTile / Block::elements;
  int64_t b = 0;
  for (; b + kBlocks <= count; b += kBlocks)
    decode_tile<Block>(
        blocks + b * Block::bytes, kBlocks, out + b * Block::elements);
  if (b < count)
    decode_tile<Block>(blocks + b * Block::bytes,
                       static_cast<int>(count - b),
                       out + b * Block::elements);
}

// A clone is a function of its own name: these cannot be templates.
#define LINEAS_DECODER(name, Block)                                  \
  LINEAS_CLONES void name(Bytes blocks, int64_t count, float* out) { \
    decode_all<Block>(blocks, count, out);                           \
  }                                                                  \
  LINEAS_CLONES void name##_rounded(                                 \
      Bytes blocks, int64_t count, uint16_t* out) {                  \
    decode_all<Block>(blocks, count, out);                           \
  }
LINEAS_DECODER(decode_q4_0, Q4_0)
LINEAS_DECODER(decode_q4_1, Q4_1)
LINEAS_DECODER(decode_q5_0, Q5_0)
LINEAS_DECODER(decode_q5_1, Q5_1)
LINEAS_DECODER(decode_q8_0, Q8_0)
LINEAS_DECODER(decode_q2_k, Q2_K)
LINEAS_DECODER(decode_q3_k, Q3_K)
LINEAS_DECODER(decode_q4_k, Q4_K)
LINEAS_DECODER(decode_q5_k, Q5_K)
LINEAS_DECODER(decode_q6_k, Q6_K)
LINEAS_DECODER(decode_iq4_nl, Iq4Nl)
LINEAS_DECODER(decode_iq4_xs, Iq4Xs)
#undef LINEAS_DECODER

struct Decoder {
  void (*exact)(Bytes, int64_t, float*);
  void (*rounded)(Bytes, int64_t, uint16_t*);
};

Decoder decoder_of(GgmlType type) {
  switch (type) {
#define LINEAS_CASE(name) \
  case GgmlType::name:    \
    return {decode_##name, decode_##name##_rounded};
    LINEAS_CASE(q4_0)
    LINEAS_CASE(q4_1)
    LINEAS_CASE(q5_0)
    LINEAS_CASE(q5_1)
    LINEAS_CASE(q8_0)
    LINEAS_CASE(q2_k)
    LINEAS_CASE(q3_k)
    LINEAS_CASE(q4_k)
    LINEAS_CASE(q5_k)
    LINEAS_CASE(q6_k)
    LINEAS_CASE(iq4_nl)
    LINEAS_CASE(iq4_xs)
#undef LINEAS_CASE
    default:
      fail(ErrorKind::unsupported, "{} has no blocks to decode", name_of(type));
  }
}

}  // namespace

void dequantize(GgmlType type,
                const std::byte* blocks,
                int64_t count,
                float* values) {
  decoder_of(type).exact(reinterpret_cast<Bytes>(blocks), count, values);
}

void dequantize(GgmlType type,
                const std::byte* blocks,
                int64_t count,
                uint16_t* bfloat16_bits) {
  decoder_of(type).rounded(
      reinterpret_cast<Bytes>(blocks), count, bfloat16_bits);
}

}  // namespace lineas
