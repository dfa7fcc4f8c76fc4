// Any bytes as a safetensors file: a checked table or an Error, and what was
// accepted is written and read again to the same table.
#include <cstdlib>

#include "lineas/base/error.h"
#include "lineas/base/safetensors.h"

namespace {

using namespace lineas;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_table(const SafetensorsTable& table, size_t size) {
  uint64_t bytes = 0;
  for (const TensorEntry& tensor : table.tensors) {
    check(tensor.begin <= tensor.end && tensor.end <= size);
    bytes += tensor.end - tensor.begin;
  }
  // A real file's data is there; here its size is what matters.
  if (bytes > 1 << 20) return;
  const std::string again = safetensors_header(table.tensors, table.metadata) +
                            std::string(static_cast<size_t>(bytes), 'x');
  const SafetensorsTable second =
      parse_safetensors(std::as_bytes(std::span(again)), "again");
  check(second.metadata == table.metadata);
  check(second.tensors.size() == table.tensors.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file = std::as_bytes(std::span(data, size));
  try {
    check_table(parse_safetensors(file, "fuzz"), size);
  } catch (const Error& error) {
    check(std::string(error.what()).find("fuzz") == 0);
  }
  return 0;
}
