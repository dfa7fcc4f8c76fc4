// A program outside the tree, built against an installed lineas: says how far
// each site of a map file moves. Without a map it makes a small one first.
#include <fmt/format.h>

#include "lineas/base/error.h"
#include "lineas/tensor/checkpoint.h"

namespace {

void write_small_map(const std::string& path) {
  lineas::write_safetensors(path,
                            {{"layers.0.norm.scale", at::full({4}, 1.5)},
                             {"layers.0.norm.shift", at::full({4}, -0.25)}});
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string path = argc > 1 ? argv[1] : "small_map.safetensors";
  if (argc == 1) write_small_map(path);
  const lineas::SafetensorsFile file(path);
  for (const auto& entry : file.entries()) {
    const at::Tensor values = file.view(entry).to(at::kFloat);
    fmt::print("{}: mean {:.4f}\n", entry.name, values.mean().item<float>());
  }
  return 0;
} catch (const lineas::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return lineas::exit_code(error.kind());
}
