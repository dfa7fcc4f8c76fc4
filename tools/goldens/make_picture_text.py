#!/usr/bin/env python3
"""Makes tests/diffusion/data: tiny CLIP and T5 text encoders and FLUX
transformers with golden outputs of every site, and the tensors and sites of the
published configurations.

Use: python3 tools/goldens/make_picture_text.py CONFIGS
Needs: torch 2.11.0, transformers 4.57.1, diffusers 0.35.2, safetensors
CONFIGS: a folder with the config.json files of real pipelines, as
<pipeline>/<component>/config.json (sdxl-base, sd21, flux-dev, flux-schnell).

One folder a tiny model: config.json, its weights (exact in bfloat16), golden.safetensors:
`in/*` and `out/*` of a call with two rows, `act/<site>` its activations.
real/<name>.txt: config, tensors with their shapes, sites with their widths; a
line `prefix{a-b}` stands before lines that belong to prefix.a ... prefix.b.
The same versions give the same files.
"""
import json
import pathlib
import re
import shutil
import sys

import diffusers
import torch
import transformers
from safetensors.torch import save_file

OUT = (pathlib.Path(__file__).resolve().parents[2] / "tests" / "diffusion"
       / "data")
ROWS = 2
# Modules whose one output serves all rows: sites all the same.
SHARED = ("position_embedding", "pos_embed")
NO_SITES = (torch.nn.ModuleList, torch.nn.Dropout, torch.nn.Identity)

CLIP = dict(vocab_size=40, hidden_size=20, intermediate_size=36,
            num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=11, bos_token_id=38)
T5 = dict(vocab_size=40, d_model=20, d_kv=6, d_ff=28, num_layers=2,
          num_heads=3, relative_attention_num_buckets=8,
          relative_attention_max_distance=9, pad_token_id=0)
FLUX = dict(in_channels=12, num_layers=2, num_single_layers=2,
            attention_head_dim=12, num_attention_heads=2,
            joint_attention_dim=18, pooled_projection_dim=10,
            axes_dims_rope=(2, 4, 6))


def clip(projection, **changes):
    cls = transformers.CLIPTextModelWithProjection if projection \
        else transformers.CLIPTextModel
    return cls(transformers.CLIPTextConfig(**{**CLIP, **changes}))


def t5(**changes):
    return transformers.T5EncoderModel(
        transformers.T5Config(**{**T5, **changes}))


def flux(**changes):
    return diffusers.FluxTransformer2DModel(**{**FLUX, **changes})


MODELS = {
    "clip_legacy": lambda: clip(False, hidden_act="quick_gelu",
                                eos_token_id=2),
    "clip_projection": lambda: clip(True, hidden_act="gelu_new",
                                    projection_dim=14, eos_token_id=37,
                                    layer_norm_eps=1e-4),
    "t5_gated": lambda: t5(feed_forward_proj="gated-gelu"),
    "t5_plain": lambda: t5(feed_forward_proj="relu",
                           layer_norm_epsilon=1e-4),
    "flux_guided": lambda: flux(guidance_embeds=True, num_single_layers=1),
    "flux_plain": lambda: flux(num_layers=1, patch_size=2, out_channels=2,
                               axes_dims_rope=(4, 4, 4)),
}


def clip_inputs():
    ids = torch.tensor([[38, 5, 9, 37, 39, 7, 37, 0, 0],
                        [38, 4, 39, 39, 37, 37, 37, 37, 37]])
    return {"ids": ids}


def t5_inputs():
    ids = torch.randint(3, 40, (ROWS, 13))
    ids[1, 6:] = 0
    return {"ids": ids}


def flux_inputs(model):
    config = model.config
    image = torch.zeros(6, 3)
    image[:, 1] = torch.arange(6) // 3
    image[:, 2] = torch.arange(6) % 3
    inputs = {"latents": torch.randn(ROWS, 6, config.in_channels),
              "text": torch.randn(ROWS, 5, config.joint_attention_dim),
              "pooled": torch.randn(ROWS, config.pooled_projection_dim),
              "time": torch.tensor([0.75, 0.31]), "image_ids": image}
    if config.guidance_embeds:
        inputs["guidance"] = torch.tensor([3.5, 1.0])
    return inputs


def run(model, inputs, dtype=None):
    """The model's outputs by name."""
    if isinstance(model, diffusers.FluxTransformer2DModel):
        cast = {name: x.to(dtype) if dtype and name not in (
            "image_ids", "guidance") else x for name, x in inputs.items()}
        return {"out": model(
            hidden_states=cast["latents"], encoder_hidden_states=cast["text"],
            pooled_projections=cast["pooled"], timestep=cast["time"],
            guidance=cast.get("guidance"), img_ids=cast["image_ids"],
            txt_ids=torch.zeros(cast["text"].shape[1], 3,
                                device=cast["text"].device)).sample}
    output = model(inputs["ids"], output_hidden_states=True)
    named = {"last": output.last_hidden_state}
    for name in ("pooler_output", "text_embeds"):
        if name in output:
            named[name] = output[name]
    for k, hidden in enumerate(output.hidden_states):
        named[f"hidden/{k}"] = hidden
    return named


def record(model, call):
    """[(site, output)] in named_modules order, and what the call returned."""
    calls = {}

    def hook(name):
        def keep(module, args, output):
            calls.setdefault(name, []).append(output)
        return keep

    handles = [module.register_forward_hook(hook(name))
               for name, module in model.named_modules() if name]
    with torch.no_grad():
        returned = call()
    for handle in handles:
        handle.remove()
    sites = []
    for name, module in model.named_modules():
        if name in calls and len(calls[name]) == 1 \
                and not isinstance(module, NO_SITES):
            sites += elements(name, module, calls[name][0])
    return sites, returned


def elements(name, module, output):
    shared = name.split(".")[-1] in SHARED
    if isinstance(output, torch.Tensor):
        return [(name, output)] if shared or output.shape[0] == ROWS else []
    if not type(output) is tuple:
        return []
    parts = [x for x in output if isinstance(x, torch.Tensor)
             and (shared or x.shape[0] == ROWS)]
    if type(module).__name__.startswith("T5"):
        parts = parts[:1]  # behind it the position bias, which has no neurons
    found = [(f"{name}:{k}" if k else name, x) for k, x in enumerate(parts)]
    if type(module).__name__ == "FluxSingleTransformerBlock":
        found[:1] = [(name, torch.cat(parts, 1)), (f"{name}:0", parts[0])]
    return found


def randomise(model):
    for name, value in model.named_parameters():
        with torch.no_grad():
            value.copy_(torch.randn_like(value) * 0.3)
            if "norm" in name.split(".")[-2] and value.dim() == 1 \
                    and name.endswith("weight"):
                value.add_(1)
            value.copy_(value.bfloat16())


def make_tiny(name):
    torch.manual_seed(int.from_bytes(name.encode()[-3:], "big"))
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model = MODELS[name]().eval()
    randomise(model)
    model.bfloat16().save_pretrained(folder, safe_serialization=True)
    model.float()
    (folder / "generation_config.json").unlink(missing_ok=True)
    inputs = clip_inputs() if name.startswith("clip") else \
        t5_inputs() if name.startswith("t5") else flux_inputs(model)
    sites, returned = record(model, lambda: run(model, inputs))
    tensors = {f"in/{key}": value for key, value in inputs.items()}
    tensors.update({f"out/{key}": value for key, value in returned.items()})
    tensors.update({f"act/{key}": value for key, value in sites})
    with torch.no_grad():
        tensors.update(halves(name, folder, model, inputs))
    save_file({key: value.contiguous().clone()
               for key, value in tensors.items()},
              folder / "golden.safetensors")
    (folder / "sites.json").write_text(
        json.dumps([site for site, _ in sites], indent=1) + "\n")


def halves(name, folder, model, inputs):
    """Outputs in the dtype whose roundings are published."""
    if name == "flux_guided":
        out = run(model.to(torch.bfloat16), inputs, torch.bfloat16)["out"]
        return {"bfloat16/out": out.float()}
    if name == "t5_gated":
        half = transformers.T5EncoderModel.from_pretrained(
            folder, dtype=torch.float16)
        return {"float16/last": run(half, inputs)["last"].float()}
    return {}


def compact(rows):
    """Runs of numbered modules that are alike become one."""
    lines, groups = [], []
    for name, rest in rows:
        match = re.match(r"(.*?\.)(\d+)(?=[.:]|$)(.*)$", name)
        prefix, number, suffix = match.groups() if match else (None, None, name)
        row = f"{suffix} {rest}"
        if groups and match and groups[-1][:2] == [prefix, number]:
            groups[-1][2].append(row)
        else:
            groups.append([prefix, number, [row]])
    runs = []
    for prefix, number, part in groups:
        if prefix and runs and runs[-1][0] == prefix and runs[-1][3] == part \
                and runs[-1][2] + 1 == int(number):
            runs[-1][2] = int(number)
        else:
            first = int(number) if prefix else 0
            runs.append([prefix, first, first, part])
    for prefix, first, last, part in runs:
        if prefix:
            lines.append(f"{prefix}{{{first}-{last}}}")
            part = [" " + row for row in part]
        lines += part
    return lines


def meta_inputs(model):
    inputs = flux_inputs(model) if isinstance(
        model, diffusers.FluxTransformer2DModel) else \
        {"ids": torch.zeros(ROWS, 7, dtype=torch.long)}
    return {name: value.to("meta") for name, value in inputs.items()}


def make_real(name, path, build):
    config = json.loads(path.read_text())
    with torch.device("meta"):
        model = build({key: value for key, value in config.items()
                       if not key.startswith("_")}).eval()
    inputs = meta_inputs(model)
    sites, _ = record(model, lambda: run(model, inputs))
    tensors = [(key, " ".join(map(str, value.shape)))
               for key, value in model.named_parameters()]
    lines = ["config", json.dumps(config), "tensors"] + compact(tensors) \
        + ["sites"] + compact([(key, value.shape[-1]) for key, value in sites])
    (OUT / "real").mkdir(parents=True, exist_ok=True)
    (OUT / "real" / f"{name}.txt").write_text("\n".join(lines) + "\n")


def main():
    for name in MODELS:
        make_tiny(name)
    configs = pathlib.Path(sys.argv[1])
    text = transformers.CLIPTextConfig

    def plain(values):
        return transformers.CLIPTextModel(text(**values))

    def projecting(values):
        return transformers.CLIPTextModelWithProjection(text(**values))

    def encoder(values):
        return transformers.T5EncoderModel(transformers.T5Config(**values))

    def transformer(values):
        return diffusers.FluxTransformer2DModel(**values)

    for name, path, build in (
            ("clip_l", "sdxl-base/text_encoder", plain),
            ("clip_bigg", "sdxl-base/text_encoder_2", projecting),
            ("clip_sd21", "sd21/text_encoder", plain),
            ("t5_xxl", "flux-dev/text_encoder_2", encoder),
            ("flux_dev", "flux-dev/transformer", transformer),
            ("flux_schnell", "flux-schnell/transformer", transformer)):
        make_real(name, configs / path / "config.json", build)


if __name__ == "__main__":
    main()
