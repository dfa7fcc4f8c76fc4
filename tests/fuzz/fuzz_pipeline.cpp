// Any bytes as a file of a pipeline's folder. The first byte chooses which:
//   0  model_index.json
//   1  config.json of a CLIP text encoder, 2 of a T5 encoder, 3 of a FLUX
//      transformer
// What is accepted must be of known classes, or have sizes that make a network.
#include <cstdlib>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/diffusion/flux_config.h"
#include "lineas/diffusion/text_encoder_config.h"
#include "lineas/pipelines/pipeline_index.h"

namespace {

using namespace lineas;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_index(std::string_view text) {
  const PipelineIndex index = parse_pipeline_index(text, "model_index.json");
  check(!needed_components(index.class_name).empty());
  for (const auto& [component, class_name] : index.classes) {
    check(component.find('/') == component.npos);
    check_component_class(component, class_name, "again");
  }
}

void check_clip(const Json& config) {
  const ClipTextConfig read = read_clip_text_config(config, "config.json");
  check(read.width > 0 && read.width % read.heads == 0 && read.eps > 0);
}

void check_t5(const Json& config) {
  const T5Config read = read_t5_config(config, "config.json");
  check(read.heads > 0 && read.buckets % 4 == 0);
}

void check_flux(const Json& config) {
  const FluxConfig read = read_flux_config(config, "config.json");
  check(read.width() > 0 && read.out_width > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static const bool is_silent = [] {
    set_log_sink([](LogLevel, const std::string&) {});
    return true;
  }();
  check(is_silent);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1,
                              size - 1);
  try {
    switch (data[0] % 4) {
      case 0:
        check_index(text);
        break;
      case 1:
        check_clip(parse_json(text, "config.json"));
        break;
      case 2:
        check_t5(parse_json(text, "config.json"));
        break;
      default:
        check_flux(parse_json(text, "config.json"));
    }
  } catch (const Error&) {
  }
  return 0;
}
