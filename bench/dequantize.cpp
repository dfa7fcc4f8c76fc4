// How fast the blocks of a GGUF file become bfloat16 weights, against copying
// as many bytes as come out: dequantize FILE writes a file of random blocks of
// every type there and prints one JSON line, {type: share of the copy's speed}.
#include <fstream>
#include <iostream>

#include "bench/timing.h"
#include "lineas/base/error.h"
#include "lineas/base/json.h"
#include "lineas/base/seed.h"
#include "lineas/tensor/gguf_file.h"

namespace lineas::bench {
namespace {

constexpr uint64_t kElements = uint64_t{1} << 24;  // 32 MB of bfloat16
constexpr uint64_t kAlignment = 32;
constexpr int kRuns = 7;

const std::vector<GgmlType>& quantized_types() {
  static const std::vector<GgmlType> types = [] {
    std::vector<GgmlType> list;
#define LINEAS_GGML_TYPE(name, number, label, elements, bytes) \
  if (is_quantized(GgmlType::name)) list.push_back(GgmlType::name);
#define LINEAS_GGML_UNREAD(number, label)
#include "lineas/base/ggml_types.def"
#undef LINEAS_GGML_TYPE
#undef LINEAS_GGML_UNREAD
    return list;
  }();
  return types;
}

template <typename T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

uint64_t size_of_tensor(GgmlType type) {
  return kElements / static_cast<uint64_t>(block_elements(type)) *
         static_cast<uint64_t>(block_bytes(type));
}

std::string header() {
  std::string bytes = "GGUF";
  append(bytes, uint32_t{3});
  append(bytes, static_cast<uint64_t>(quantized_types().size()));
  append(bytes, uint64_t{0});
  uint64_t offset = 0;
  for (const GgmlType type : quantized_types()) {
    append(bytes, static_cast<uint64_t>(name_of(type).size()));
    bytes += name_of(type);
    append(bytes, uint32_t{2});
    append(bytes, uint64_t{4096});
    append(bytes, kElements / 4096);
    append(bytes, static_cast<uint32_t>(type));
    append(bytes, offset);
    offset += (size_of_tensor(type) + kAlignment - 1) / kAlignment * kAlignment;
  }
  bytes.resize((bytes.size() + kAlignment - 1) / kAlignment * kAlignment);
  return bytes;
}

void write_blocks(const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  out << header();
  Random random(1);
  std::vector<uint64_t> words;
  for (const GgmlType type : quantized_types()) {
    words.resize((size_of_tensor(type) + kAlignment - 1) / kAlignment *
                 (kAlignment / sizeof(uint64_t)));
    for (uint64_t& word : words) word = random.next();
    out.write(reinterpret_cast<const char*>(words.data()),
              static_cast<std::streamsize>(words.size() * sizeof(uint64_t)));
  }
}

Json measure(const std::string& path) {
  write_blocks(path);
  const GgufFile file(path);
  const Tensor source = at::ones({int64_t{kElements}}, at::kBFloat16);
  Json shares = Json::object();
  for (const GgmlType type : quantized_types()) {
    const std::string name(name_of(type));
    std::vector<double> ratios;
    for (int run = 0; run < kRuns; ++run) {
      const double copy = seconds_of([&] { (void)source.clone(); });
      const double ours =
          seconds_of([&] { (void)file.load(name, at::kBFloat16); });
      ratios.push_back(copy / ours);
    }
    shares[name] = median(ratios);
  }
  return shares;
}

}  // namespace
}  // namespace lineas::bench

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "dequantize FILE\n";
    return 2;
  }
  std::cout << lineas::bench::measure(argv[1]).dump() << std::endl;
} catch (const lineas::Error& error) {
  std::cerr << error.what() << '\n';
  return lineas::exit_code(error.kind());
}
