// The safetensors container: bytes in, a checked table of tensors out, and the
// header for writing one. No tensor library; used by tensor/ and by the fuzzer.
//
// Layout (github.com/huggingface/safetensors, README "Format"): 8 bytes little
// endian header length, JSON header, then the data; offsets are relative to
// the first data byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lineas {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

/// Bytes of one element.
size_t size_of(DType dtype);
/// The safetensors name: "F32", "BF16", ...
std::string_view name_of(DType dtype);

/// One tensor of a file: where its bytes are, counted from the file's start.
struct TensorEntry {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct SafetensorsTable {
  std::vector<TensorEntry> tensors;             // in order of their offsets
  std::map<std::string, std::string> metadata;  // "__metadata__"
};

/// Reads and checks the header of a whole safetensors file: length, JSON,
/// duplicate names, dtypes, shapes against byte counts, overlaps, gaps, offsets
/// past the end. Throws a format Error that starts with `where` and names the
/// tensor.
SafetensorsTable parse_safetensors(std::span<const std::byte> file,
                                   std::string_view where);

/// The 8-byte length and JSON header for `tensors` (whose begin/end are ignored
/// and recomputed in the given order), padded with spaces to 8 bytes. Keys are
/// written in the given order, metadata sorted: the same input gives the same
/// bytes. Throws shape for a name twice, format for a header that is longer
/// than readers take.
std::string safetensors_header(
    const std::vector<TensorEntry>& tensors,
    const std::map<std::string, std::string>& metadata);

}  // namespace lineas
