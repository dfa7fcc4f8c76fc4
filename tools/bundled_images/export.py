"""Writes the pipeline, the oracle and the golden file of the oracle.

    python export.py --work DIR

bundled/tinydraw/          what StableDiffusionXLPipeline.from_pretrained reads,
                           float16; the UNet is the student's
bundled/tinydraw/oracle/   oracle.safetensors (float32) and config.json
tests/golden/data/oracle/  pictures (uint8) and the oracle's logits for them
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionXLPipeline
from safetensors.torch import load_file, save_file

from card import write_card
from data import load
from measure import load_oracle
from models import make_scheduler, to_floats
from oracle import LEAST, POOL_AFTER, SURE, WIDTHS, read_cells, read_whole
from sample import Model
from world import BACKGROUNDS, COLOURS, KINDS, STYLES

ROOT = Path(__file__).resolve().parents[2]


def export_pipeline(model, out):
    """The folder form, in float16."""
    pipeline = StableDiffusionXLPipeline(
        vae=model.vae, text_encoder=model.text[0], text_encoder_2=model.text[1],
        tokenizer=model.tokenizers[0], tokenizer_2=model.tokenizers[1],
        unet=model.unet, scheduler=make_scheduler(),
        force_zeros_for_empty_prompt=True, add_watermarker=False)
    pipeline.to(torch.float16).save_pretrained(out)
    for path in out.glob("*/config.json"):  # no folders of this machine
        config = json.loads(path.read_text())
        config.pop("_name_or_path", None)
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    for name in ("tokenizer", "tokenizer_2"):
        path = out / name / "tokenizer_config.json"
        config = json.loads(path.read_text())
        config.pop("name_or_path", None)
        path.write_text(json.dumps(config, indent=2) + "\n")


def oracle_tensors(net):
    """conv.0 ... conv.4 (3x3), hidden and cell (1x1), whole (linear)."""
    named = {}
    for i, conv in enumerate(net.convs):
        named |= {f"conv.{i}.weight": conv.weight, f"conv.{i}.bias": conv.bias}
    for name in ("hidden", "cell", "whole"):
        part = getattr(net, name)
        named |= {f"{name}.weight": part.weight, f"{name}.bias": part.bias}
    return {k: v.detach().clone().contiguous() for k, v in named.items()}


def export_oracle(net, figures, out):
    out.mkdir(parents=True, exist_ok=True)
    save_file(oracle_tensors(net), out / "oracle.safetensors")
    (out / "config.json").write_text(json.dumps({
        "format": "lineas.oracle", "version": 1, "size": 64,
        "input": "pixel / 127.5 - 1, channels red, green, blue",
        "widths": WIDTHS, "pool_after": POOL_AFTER, "sure": SURE,
        "least_cells": LEAST, "kinds": KINDS, "colours": COLOURS,
        "styles": STYLES, "backgrounds": BACKGROUNDS, "right": figures},
        indent=1) + "\n")


def golden(net, pictures, out):
    """`pictures` uint8 [n, 64, 64, 3], `cells` [n, 12, 8, 8], `whole` [n, 7];
    readings.json: what they say."""
    out.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        cells, whole = net(to_floats(pictures))
    save_file({"pictures": torch.from_numpy(pictures),
               "cells": cells.contiguous(), "whole": whole.contiguous()},
              out / "oracle.safetensors")
    readings = [{"objects": read_cells(c), "style": read_whole(w)[0],
                 "background": read_whole(w)[1]} for c, w in zip(cells, whole)]
    (out / "readings.json").write_text(json.dumps(readings, indent=1) + "\n")


def check(out, work):
    """Size, and that diffusers reads the folder and draws."""
    size = sum(p.stat().st_size for p in out.glob("*/*.safetensors")
               if p.parent.name != "oracle")
    pipeline = StableDiffusionXLPipeline.from_pretrained(out)
    pipeline.set_progress_bar_config(disable=True)
    pictures = pipeline(
        ["a red cat on grass and a blue star", "a neon sign of a yellow fish "
         "at night"], num_inference_steps=4, guidance_scale=0, height=64,
        width=64, generator=[torch.Generator().manual_seed(i)
                             for i in range(2)]).images
    for i, p in enumerate(pictures):
        p.resize((256, 256), 0).save(work / f"check{i}.png")
    assert load_file(out / "oracle" / "oracle.safetensors")
    return size


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--work", type=Path, default=Path("build-tinydraw"))
    p.add_argument("--out", type=Path, default=ROOT / "bundled" / "tinydraw")
    p.add_argument("--golden", type=Path,
                   default=ROOT / "tests" / "golden" / "data" / "oracle")
    o = p.parse_args()
    torch.set_num_threads(1)
    for part in ("unet", "vae", "text_encoder", "text_encoder_2", "scheduler"):
        shutil.rmtree(o.out / part, ignore_errors=True)
    net = load_oracle(o.work)
    figures = json.loads((o.work / "oracle" / "figures.json").read_text())
    export_oracle(net, figures, o.out / "oracle")
    model = Model(o.work, "student")
    drawn = model.draw(["a red cat on grass and a blue star", "a white heart "
                        "on the beach", "a neon sign of a yellow fish at night",
                        "a green house at night, pencil sketch"], 4, 0, 3)
    held = load(o.work)["held"][1]
    golden(net, np.concatenate([held[:12], drawn]), o.golden)
    export_pipeline(model, o.out)
    for path in (*o.out.glob("*/*.safetensors"), *o.golden.iterdir()):
        path.chmod(0o644)
    size = check(o.out, o.work)
    write_card(o.out, o.work, size, figures)
    print(f"{size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
