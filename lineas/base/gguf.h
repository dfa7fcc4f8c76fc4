// The GGUF container (versions 2 and 3, little endian): bytes in, checked
// metadata and a checked table of tensors out. No tensor library; used by
// tensor/, text/ and the fuzzer.
//
// Layout (github.com/ggml-org/ggml, docs/gguf.md): magic, version, two counts,
// key/value pairs, tensor descriptions, padding, data; offsets are relative to
// the first data byte and multiples of general.alignment.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/base/ggml_type.h"
#include "lineas/base/gguf_metadata.h"

namespace lineas {

/// One tensor of a file: where its bytes are, counted from the file's start.
/// The shape is as in tensor libraries, the last dimension lies together.
struct GgufTensor {
  std::string name;
  GgmlType type;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct GgufTable {
  GgufMetadata metadata;            // views of the file's bytes
  std::vector<GgufTensor> tensors;  // in order of their offsets
};

/// Reads and checks everything before the data of a whole GGUF file: magic,
/// version, counts, strings, types, duplicates, alignment, shapes against
/// blocks, overlaps, gaps, the end. Throws format, or unsupported for what is
/// valid but not read, starting with `where` and naming key or tensor.
GgufTable parse_gguf(std::span<const std::byte> file, std::string_view where);

/// Whether `path` is a file that is named or begins like a GGUF file.
bool is_gguf_file(const std::string& path);

}  // namespace lineas
