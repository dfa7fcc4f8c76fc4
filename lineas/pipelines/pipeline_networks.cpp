#include "lineas/pipelines/pipeline_networks.h"

namespace lineas {
namespace {

void load_encoder(const Component& component,
                  PipelineNetworks& networks,
                  PromptReader& reader) {
  if (component.class_name == "T5EncoderModel") {
    reader.t5 = load_component(
        component,
        networks.placement,
        networks,
        "decoder.",
        [](ModelFiles& files) { return make_t5_encoder(files); });
    return;
  }
  const bool has_projection =
      component.class_name == "CLIPTextModelWithProjection";
  reader.clip = load_component(
      component,
      networks.placement,
      networks,
      "vision_model.",
      [=](ModelFiles& files) { return make_clip_text(files, has_projection); });
}

void load_reader(const PipelineFolder& folder,
                 const std::string& number,
                 PipelineNetworks& networks,
                 PromptReader& reader) {
  if (!folder.has("text_encoder" + number)) return;
  const Component& tokenizer = folder.at("tokenizer" + number);
  reader.tokenizer =
      std::make_unique<PromptTokenizer>(tokenizer.folder, tokenizer.class_name);
  load_encoder(folder.at("text_encoder" + number), networks, reader);
}

// SDXL's own autoencoder overflows in float16, and its config says so.
Placement placement_of_vae(const Component& vae, Placement placement) {
  const bool overflows =
      vae.class_name == "AutoencoderKL" &&
      read_autoencoder_kl_config(vae.config, vae.config_path).info.force_upcast;
  if (placement.dtype == at::kHalf && overflows) placement.dtype = at::kFloat;
  return placement;
}

void load_vae(const Component& vae, PipelineNetworks& networks) {
  networks.vae_placement = placement_of_vae(vae, networks.placement);
  networks.vae = load_component(
      vae, networks.vae_placement, networks, "", [&](ModelFiles& files) {
        return vae.class_name == "AutoencoderTiny"
                   ? make_autoencoder_tiny(files)
                   : make_autoencoder_kl(files);
      });
}

}  // namespace

std::unique_ptr<PipelineNetworks> load_pipeline_networks(
    const PipelineFolder& folder, const Placement& placement) {
  auto networks = std::make_unique<PipelineNetworks>();
  networks->placement = placement;
  load_reader(folder, "", *networks, networks->reader);
  load_reader(folder, "_2", *networks, networks->reader_2);
  if (folder.has("transformer"))
    networks->transformer = load_component(
        folder.at("transformer"),
        placement,
        *networks,
        "",
        [](ModelFiles& files) { return make_flux_transformer(files); });
  if (folder.has("unet"))
    networks->unet = load_component(
        folder.at("unet"), placement, *networks, "", [](ModelFiles& files) {
          return make_unet(files);
        });
  load_vae(folder.at("vae"), *networks);
  return networks;
}

}  // namespace lineas
