// Any bytes as a GGUF file: a checked table or an Error. What was accepted has
// its tensors inside the file and their first blocks decode; its metadata read
// as JSON, and its tokenizer, where it has one, takes a text.
#include <algorithm>
#include <cstdlib>

#include "lineas/base/error.h"
#include "lineas/base/gguf.h"
#include "lineas/base/log.h"
#include "lineas/tensor/dequantize.h"
#include "lineas/text/gguf_tokenizer.h"

namespace {

using namespace lineas;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_tensor(const GgufTensor& tensor, std::span<const std::byte> file) {
  check(tensor.begin <= tensor.end && tensor.end <= file.size());
  if (!is_quantized(tensor.type)) return;
  const int64_t size = block_bytes(tensor.type);
  const auto held = static_cast<int64_t>(tensor.end - tensor.begin);
  check(held % size == 0);
  const int64_t count = std::min<int64_t>(held / size, 4);
  std::vector<float> values(count * block_elements(tensor.type));
  dequantize(tensor.type, file.data() + tensor.begin, count, values.data());
}

void check_tokenizer(const GgufMetadata& metadata) {
  try {
    const auto tokenizer = read_gguf_tokenizer(metadata);
    const auto ids = tokenizer->encode("ab 12\n<s>\xc3\xa9");
    tokenizer->decode(ids);
  } catch (const Error&) {  // a file need not have a good one
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const LogSink silent =
      set_log_sink([](LogLevel, const std::string&) {});
  const std::span<const std::byte> file = std::as_bytes(std::span(data, size));
  try {
    const GgufTable table = parse_gguf(file, "fuzz");
    for (const GgufTensor& tensor : table.tensors) check_tensor(tensor, file);
    for (const std::string& key : table.metadata.keys()) {
      try {
        table.metadata.as_json(key);
      } catch (const Error&) {  // a number too large for any use
      }
    }
    check_tokenizer(table.metadata);
  } catch (const Error& error) {
    check(std::string(error.what()).find("fuzz") == 0);
  }
  return 0;
}
