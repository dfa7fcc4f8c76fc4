#include "lineas/gguf/architecture.h"

#include <utility>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"

namespace lineas {
namespace {

using Maker = GgufArchitecture (*)();

const std::vector<std::pair<std::string, Maker>>& makers() {
  static const std::vector<std::pair<std::string, Maker>> list = {
#define LINEAS_GGUF(name, spelled) {spelled, gguf_##name},
#include "lineas/gguf/architectures.def"
#undef LINEAS_GGUF
  };
  return list;
}

}  // namespace

std::vector<std::string> known_gguf_architectures() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

GgufArchitecture find_gguf_architecture(const std::string& name,
                                        const std::string& where) {
  for (const auto& [spelled, make] : makers())
    if (spelled == name) return make();
  fail(ErrorKind::unsupported,
       "{}: architecture \"{}\" is not supported; known for GGUF files: {}",
       where,
       printable(name),
       fmt::join(known_gguf_architectures(), ", "));
}

}  // namespace lineas
