#!/usr/bin/env python3
"""A random pipeline with the blocks of SDXL's UNet at a fifth of its width.

Use: bench/make_pipeline.py FOLDER    (needs torch, transformers, diffusers)

Text encoders, tokenizers and autoencoder are those of the bundled model: only
the UNet is to be measured.
"""
import json
import pathlib
import shutil
import sys

import torch
from diffusers import UNet2DConditionModel

BUNDLED = pathlib.Path(__file__).resolve().parents[1] / "bundled/tinydraw"


def main():
    out = pathlib.Path(sys.argv[1])
    shutil.copytree(BUNDLED, out, dirs_exist_ok=True)
    shutil.rmtree(out / "unet")
    theirs = json.loads((BUNDLED / "unet/config.json").read_text())
    torch.manual_seed(0)
    UNet2DConditionModel(
        sample_size=64, block_out_channels=(64, 128, 256), layers_per_block=2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D",
                          "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D",
                        "UpBlock2D"),
        attention_head_dim=(1, 2, 4), transformer_layers_per_block=(1, 2, 10),
        cross_attention_dim=theirs["cross_attention_dim"],
        use_linear_projection=True, addition_embed_type="text_time",
        addition_time_embed_dim=theirs["addition_time_embed_dim"],
        projection_class_embeddings_input_dim=theirs[
            "projection_class_embeddings_input_dim"],
    ).save_pretrained(out / "unet")


if __name__ == "__main__":
    main()
