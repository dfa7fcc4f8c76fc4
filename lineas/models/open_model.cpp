#include "lineas/models/open_model.h"

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/gguf.h"
#include "lineas/gguf/gguf_model.h"
#include "lineas/models/quantised.h"
#include "lineas/tensor/checkpoint.h"

namespace lineas {
namespace {

OpenedModel open_folder(const std::string& folder) {
  const std::string where = folder + "/config.json";
  Json config = read_json(where);
  // Before the weights are looked for: an unknown model may keep them
  // elsewhere.
  const Architecture& architecture = find_architecture(config, where);
  check_plain(config, folder, where);
  auto checkpoint = std::make_unique<Checkpoint>(folder);
  refuse_quantised(*checkpoint);
  return {std::move(config), where, std::move(checkpoint), &architecture};
}

}  // namespace

OpenedModel open_model(const std::string& path) {
  if (is_gguf_file(path)) {
    GgufModel model = open_gguf_model(path);
    const Architecture& architecture = find_architecture(model.config, path);
    return {
        std::move(model.config), path, std::move(model.weights), &architecture};
  }
  if (is_directory(path)) return open_folder(path);
  fail(ErrorKind::not_found, "{}: no such model folder or GGUF file", path);
}

}  // namespace lineas
