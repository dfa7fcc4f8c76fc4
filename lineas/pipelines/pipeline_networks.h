// The networks of a pipeline, loaded from a folder that was looked through
// (pipeline_folder.h). All share one table of sites, under the names of their
// components. Knows no prompts, samplers or pictures.
#pragma once

#include <memory>
#include <utility>

#include "lineas/diffusion/autoencoder.h"
#include "lineas/diffusion/clip_text.h"
#include "lineas/diffusion/flux_transformer.h"
#include "lineas/diffusion/t5_encoder.h"
#include "lineas/diffusion/unet.h"
#include "lineas/pipelines/pipeline_folder.h"
#include "lineas/text/prompt_tokenizer.h"

namespace lineas {

/// One way to read a prompt: its tokenizer and one of the two encoders.
struct PromptReader {
  std::unique_ptr<PromptTokenizer> tokenizer;
  std::unique_ptr<ClipText> clip;
  std::unique_ptr<T5Encoder> t5;
};

struct PipelineNetworks {
  SiteTable sites;
  Placement placement;
  int64_t weight_bytes = 0;
  PromptReader reader;                           // tokenizer, text_encoder
  PromptReader reader_2;                         // tokenizer_2, text_encoder_2
  std::unique_ptr<Unet> unet;                    // Stable Diffusion alone
  std::unique_ptr<FluxTransformer> transformer;  // FLUX alone
  std::unique_ptr<Autoencoder> vae;
  Placement vae_placement;  // float32 where float16 would overflow
};

/// What `make(ModelFiles&)` makes of a component's config and weights. Its
/// sites are added to the table; weights that nobody asked for are reported.
/// `ignored`: how the names of those begin that the class leaves out too.
template <typename Make>
auto load_component(const Component& component,
                    const Placement& placement,
                    PipelineNetworks& networks,
                    const char* ignored,
                    Make&& make) {
  const Checkpoint weights = Checkpoint::of_file(component.weights);
  WeightSource source{weights, placement, networks.sites};
  source.site_prefix = component.name;
  ModelFiles files{component.config, component.config_path, source};
  auto network = std::forward<Make>(make)(files);
  networks.weight_bytes += source.bytes_used();
  for (const std::string& name : weights.names())
    if (*ignored != 0 && name.starts_with(ignored)) source.used.insert(name);
  report_unused(source, /*tied_head=*/false);
  return network;
}

/// All that the folder has, in this order: tokenizers and text encoders, the
/// network that denoises, the autoencoder.
std::unique_ptr<PipelineNetworks> load_pipeline_networks(
    const PipelineFolder& folder, const Placement& placement);

}  // namespace lineas
