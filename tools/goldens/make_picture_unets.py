#!/usr/bin/env python3
"""Makes the convolutional networks of tests/diffusion/data: tiny UNets and
autoencoders with golden outputs and means of every site, and the tensors and
sites of the published configurations.

Use: python3 tools/goldens/make_picture_unets.py CONFIGS
Needs: torch 2.11.0, diffusers 0.35.2, safetensors
CONFIGS: as for make_picture_text.py (sdxl-base, sd15, sd21, flux-dev, taef1).

One folder a tiny network: config.json (fields that are the class's defaults are
left out), its weights (exact in bfloat16), golden.safetensors: `in/*` and
`out/*` of a call with two rows, `mean/<site>` the mean pixel or token of each
row. real/<name>.txt: see make_picture_text.py. The same versions give the same
files.
"""
import json
import pathlib
import shutil
import sys
import zlib

import diffusers
import torch
from safetensors.torch import save_file

from make_picture_text import NO_SITES, OUT, ROWS, compact, randomise

UNET = dict(norm_num_groups=2, layers_per_block=1, cross_attention_dim=10)

MODELS = {
    # Odd sizes, sinusoids the other way round, pooled prompts and sizes.
    "unet_text_time": (5, 7, dict(
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(4, 8), layers_per_block=2,
        attention_head_dim=(1, 2), transformer_layers_per_block=(1, 2),
        use_linear_projection=True, flip_sin_to_cos=False, freq_shift=1,
        addition_embed_type="text_time", addition_time_embed_dim=5,
        projection_class_embeddings_input_dim=37, upcast_attention=True,
        act_fn="gelu", out_channels=8)),
    # A head width that does not divide, other kernels, every block its own.
    "unet_odd": (6, 5, dict(
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D",
                          "CrossAttnDownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(6, 4, 10), layers_per_block=(1, 2, 1),
        attention_head_dim=4, only_cross_attention=(True, False, False),
        resnet_time_scale_shift="scale_shift", mid_block_scale_factor=2.0,
        downsample_padding=0, center_input_sample=True, conv_in_kernel=5,
        conv_out_kernel=1, time_embedding_dim=14, norm_eps=1e-3,
        time_embedding_act_fn="gelu", timestep_post_act="silu",
        in_channels=5)),
    "unet_depths": (4, 4, dict(
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(4, 8), attention_head_dim=2,
        transformer_layers_per_block=[[1], [2]],
        reverse_transformer_layers_per_block=[[0, 1], [2, 1]],
        mid_block_type=None)),
    "unet_mid_resnet": (3, 4, dict(
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(4, 8), attention_head_dim=2,
        mid_block_type="UNetMidBlock2D")),
    "vae_plain": (3, 5, dict(
        block_out_channels=(4, 6, 8), layers_per_block=2, norm_num_groups=2,
        act_fn="gelu", latent_channels=6, mid_block_add_attention=False,
        use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.25,
        scaling_factor=0.5, force_upcast=False)),
    "vae_moments": (3, 2, dict(
        block_out_channels=(4, 6), norm_num_groups=2, latent_channels=3,
        latents_mean=[0.5, -1.0, 0.25], latents_std=[2.0, 0.5, 1.5])),
    "vae_small": (3, 2, dict(
        encoder_block_out_channels=(5, 5), decoder_block_out_channels=(6, 6),
        num_encoder_blocks=(1, 2), num_decoder_blocks=(0, 1), act_fn="gelu",
        latent_channels=2, out_channels=4)),
}


def make(name, values):
    if name.startswith("unet"):
        return diffusers.UNet2DConditionModel(**values)
    if name == "vae_small" or name == "vae_taef1":
        values = {key: value for key, value in values.items()
                  if key != "block_out_channels"}  # the class writes it itself
        return diffusers.AutoencoderTiny(**values)
    values = dict(values)
    levels = len(values["block_out_channels"])
    values.setdefault("down_block_types", ["DownEncoderBlock2D"] * levels)
    values.setdefault("up_block_types", ["UpDecoderBlock2D"] * levels)
    return diffusers.AutoencoderKL(**values)


def make_inputs(name, model, height, width):
    config = model.config
    if name.startswith("vae"):
        scale = 2 ** (len(config.block_out_channels) - 1)
        return {"z": torch.randn(ROWS, config.latent_channels, height, width),
                "picture": torch.rand(ROWS, config.in_channels, height * scale,
                                      width * scale) * 2 - 1}
    inputs = {"latents": torch.randn(ROWS, config.in_channels, height, width),
              "time": torch.tensor([749.25, 3.0]),
              "text": torch.randn(ROWS, 7, config.cross_attention_dim)}
    if config.addition_embed_type:
        inputs["time_ids"] = torch.tensor([[64., 48, 0, 0, 64, 48],
                                           [32., 32, 5, 1, 40, 56]])
        inputs["pooled"] = torch.randn(
            ROWS, config.projection_class_embeddings_input_dim
            - 6 * config.addition_time_embed_dim)
    return inputs


def run(model, inputs):
    """The network's outputs by name."""
    if isinstance(model, diffusers.UNet2DConditionModel):
        added = {"text_embeds": inputs["pooled"],
                 "time_ids": inputs["time_ids"]} if "pooled" in inputs else None
        return {"out": model(inputs["latents"], inputs["time"], inputs["text"],
                             added_cond_kwargs=added).sample}
    encoded = model.encode(inputs["picture"])
    outputs = {"decoded": model.decode(inputs["z"]).sample}
    if isinstance(model, diffusers.AutoencoderTiny):
        return {**outputs, "mean": encoded.latents}
    return {**outputs, "mean": encoded.latent_dist.mean,
            "logvar": encoded.latent_dist.logvar}


def row_means(module, x):
    """[rows, neurons]: which axis has the neurons is a matter of the module."""
    if x.dim() == 4 or isinstance(module, (torch.nn.GroupNorm,
                                           torch.nn.Conv2d)):
        return x.flatten(2).mean(2)
    return x.reshape(ROWS, -1, x.shape[-1]).mean(1)


def record(model, call):
    """[(site, means)] in named_modules order, and what the call returned."""
    calls = {}

    def hook(name):
        def keep(module, args, output):
            first = output[0] if isinstance(output, tuple) else output
            calls.setdefault(name, []).append(first)
        return keep

    handles = [module.register_forward_hook(hook(name))
               for name, module in model.named_modules()
               if name and not isinstance(module, NO_SITES)]
    with torch.no_grad():
        returned = call()
    for handle in handles:
        handle.remove()
    return [(name, row_means(module, calls[name][0]))
            for name, module in model.named_modules()
            if len(calls.get(name, ())) == 1], returned


def make_tiny(name):
    height, width, values = MODELS[name]
    torch.manual_seed(zlib.crc32(name.encode()))
    values = {**UNET, **values} if name.startswith("unet") else values
    model = make(name, values).eval()
    randomise(model)
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.bfloat16().save_pretrained(folder, safe_serialization=True)
    model.float()
    written = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(
        {key: value for key, value in written.items()
         if key in values or key.endswith("block_types")}) + "\n")
    inputs = make_inputs(name, model, height, width)
    sites, returned = record(model, lambda: run(model, inputs))
    tensors = {f"in/{key}": value for key, value in inputs.items()}
    tensors.update({f"out/{key}": value for key, value in returned.items()})
    tensors.update({f"mean/{key}": value for key, value in sites})
    save_file({key: value.contiguous().clone()
               for key, value in tensors.items()},
              folder / "golden.safetensors")
    (folder / "sites.json").write_text(
        json.dumps([site for site, _ in sites]) + "\n")


def make_real(name, path):
    config = json.loads(path.read_text())
    with torch.device("meta"):
        model = make(name, {key: value for key, value in config.items()
                            if not key.startswith("_")}).eval()
    inputs = {key: value.to("meta") for key, value
              in make_inputs(name, model, 8, 8).items()}
    sites, _ = record(model, lambda: run(model, inputs))
    tensors = [(key, " ".join(map(str, value.shape)))
               for key, value in model.named_parameters()]
    lines = ["config", json.dumps(config), "tensors"] + compact(tensors) \
        + ["sites"] + compact([(key, value.shape[1]) for key, value in sites])
    (OUT / "real" / f"{name}.txt").write_text("\n".join(lines) + "\n")


def main():
    for name in MODELS:
        make_tiny(name)
    configs = pathlib.Path(sys.argv[1])
    for name, path in (("unet_sdxl", "sdxl-base/unet"),
                       ("unet_sd15", "sd15/unet"), ("unet_sd21", "sd21/unet"),
                       ("vae_sdxl", "sdxl-base/vae"),
                       ("vae_flux", "flux-dev/vae"), ("vae_taef1", "taef1")):
        make_real(name, configs / path / "config.json")


if __name__ == "__main__":
    main()
